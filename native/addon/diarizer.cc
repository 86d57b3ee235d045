#include "addon/diarizer.h"

#include <algorithm>

#include "addon/convert.h"
#include "diarization/channel_stream.h"
#include "diarization/predict.h"
#include "diarization/stream.h"

namespace hearken {
namespace {

Napi::Value toJs(Napi::Env env, const std::vector<Turn>& turns) {
  Napi::Array array = Napi::Array::New(env, turns.size());
  for (size_t i = 0; i < turns.size(); ++i) {
    Napi::Object turn = Napi::Object::New(env);
    turn.Set("begin", Napi::Number::New(env, static_cast<double>(turns[i].begin)));
    turn.Set("end", Napi::Number::New(env, static_cast<double>(turns[i].end)));
    turn.Set("speaker", Napi::Number::New(env, turns[i].speaker));
    array.Set(static_cast<uint32_t>(i), turn);
  }
  return array;
}

Napi::Value toJs(Napi::Env env, const Speakers& result) {
  Napi::Array speakers = Napi::Array::New(env, result.speakers.size());
  for (size_t i = 0; i < result.speakers.size(); ++i) {
    const Speaker& found = result.speakers[i];
    auto embedding = Napi::Float32Array::New(env, EmbeddingWeights::kDimensions);  // zeros: no piece was long enough
    std::copy(found.voice.begin(), found.voice.end(), embedding.Data());
    Napi::Object speaker = Napi::Object::New(env);
    speaker.Set("samples", Napi::Number::New(env, static_cast<double>(found.samples)));
    speaker.Set("embedding", embedding);
    speakers.Set(static_cast<uint32_t>(i), speaker);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("turns", toJs(env, result.turns));
  object.Set("exclusiveTurns", toJs(env, result.exclusive));
  object.Set("speakers", speakers);
  return object;
}

int64_t held(const DiarizationHandle& handle) {
  return handle.peek(int64_t{0}, [](const DiarizationObject& object) { return object.stream->byteSize(); });
}

}  // namespace

Napi::Function DiarizerWrap::define(Napi::Env env) {
  return DefineClass(
      env, "Diarizer",
      {InstanceMethod<&DiarizerWrap::open>("open"), InstanceMethod<&DiarizerWrap::close>("close"),
       InstanceAccessor<&DiarizerWrap::byteSize>("byteSize"), InstanceAccessor<&DiarizerWrap::closed>("closed")});
}

DiarizerWrap::DiarizerWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  adopt(info, "Diarizer", handle_);
  external_->report(handle_->peek(int64_t{0}, [](const DiarizationModel& model) { return model.byteSize(); }));
  napi_type_tag_object(info.Env(), info.This(), &kTag);
}

Napi::Value DiarizerWrap::load(const Napi::CallbackInfo& info) {
  const std::string segmentation = stringArg(info, 0, "segmentation");
  const std::string embedding = stringArg(info, 1, "embedding");
  const CancelPtr cancel = cancelArg(info, 2);
  using Model = std::shared_ptr<const DiarizationModel>;
  return Environment::of(info.Env())
      .async<Model>(
          info.Env(), cancel,
          [segmentation, embedding, cancel] {
            Model model = DiarizationModel::load(segmentation, embedding, *cancel);
            auto counted = std::make_shared<Counted>(Counters::instance().diarizers);
            const DiarizationModel* raw = model.get();
            return Model(raw, [model, counted](const DiarizationModel*) mutable {
              model.reset();
              counted.reset();
            });
          },
          [](Napi::Env env, Model& model) -> Napi::Value {
            auto handle = std::make_shared<DiarizerHandle>(std::move(model), "the diarizer");
            return construct(env, Environment::of(env).diarizerClass, std::move(handle));
          });
}

Napi::Value DiarizerWrap::inspect(const Napi::CallbackInfo& info) {
  const std::string segmentation = stringArg(info, 0, "segmentation");
  const std::string embedding = stringArg(info, 1, "embedding");
  FrameQueue::Format format{48000, 2};
  if (!info[2].IsUndefined()) {
    const Napi::Object wanted = objectArg(info, 2, "format");
    format.sampleRate = static_cast<int>(numberField(wanted, "sampleRate"));
    format.channels = static_cast<int>(numberField(wanted, "channels"));
    const bool known = format.sampleRate >= 1 && format.sampleRate <= 384000 && format.channels >= 1 &&
                       format.channels <= FrameQueue::kMostChannels;
    if (!known)
      throw makeError(info.Env(), codes::kInvalidArg, "format is not one that speakers are told by channel in");
  }
  return Environment::of(info.Env())
      .async<DiarizerMemory>(
          info.Env(), std::make_shared<CancelToken>(),
          [segmentation, embedding, format] { return predictDiarizer(segmentation, embedding, format); },
          [](Napi::Env env, DiarizerMemory& memory) -> Napi::Value {
            Napi::Object object = Napi::Object::New(env);
            const std::pair<const char*, int64_t> fields[] = {{"weightBytes", memory.weightBytes},
                                                              {"sessionBytes", memory.sessionBytes},
                                                              {"threadBytes", memory.threadBytes},
                                                              {"hourBytes", memory.hourBytes},
                                                              {"channelSessionBytes", memory.channelSessionBytes}};
            for (const auto& [name, bytes] : fields) {
              object.Set(name, Napi::Number::New(env, static_cast<double>(bytes)));
            }
            return object;
          });
}

Napi::Value DiarizerWrap::open(const Napi::CallbackInfo& info) {
  const Napi::Object wanted = objectArg(info, 0, "options");
  StreamOptions options;
  options.threads = static_cast<int>(numberField(wanted, "threads"));
  options.maxSpeakers = static_cast<int>(numberField(wanted, "maxSpeakers"));
  const bool channels = boolField(wanted, "channels");
  const std::string vadModel = stringField(wanted, "vadModel");
  const auto use = useOf(info.Env(), handle_);
  using Object = std::shared_ptr<DiarizationObject>;
  return Environment::of(info.Env())
      .async<Object>(
          info.Env(), std::make_shared<CancelToken>(),
          [use, options, channels, vadModel] {
            if (!channels) {
              return std::make_shared<DiarizationObject>(use,
                                                         std::make_unique<DiarizationStream>(use->object(), options));
            }
            std::unique_ptr<SpeakerStream> stream =
                std::make_unique<ChannelStream>(use->object(), loadSileroWeights(vadModel));
            return std::make_shared<DiarizationObject>(use, std::move(stream));
          },
          [](Napi::Env env, Object& object) -> Napi::Value {
            auto handle = std::make_shared<DiarizationHandle>(std::move(object), "the diarization");
            return construct(env, Environment::of(env).diarizationClass, std::move(handle));
          });
}

Napi::Value DiarizerWrap::close(const Napi::CallbackInfo& info) {
  return closeHandle(info.Env(), handle_, external_);
}

Napi::Value DiarizerWrap::byteSize(const Napi::CallbackInfo& info) {
  const int64_t bytes = handle_->peek(int64_t{0}, [](const DiarizationModel& model) { return model.byteSize(); });
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

Napi::Value DiarizerWrap::closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), handle_->closed());
}

Napi::Function DiarizationWrap::define(Napi::Env env) {
  return DefineClass(
      env, "Diarization",
      {InstanceMethod<&DiarizationWrap::run>("run"), InstanceMethod<&DiarizationWrap::finish>("finish"),
       InstanceMethod<&DiarizationWrap::listen>("listen"), InstanceMethod<&DiarizationWrap::advance>("advance"),
       InstanceMethod<&DiarizationWrap::end>("end"), InstanceAccessor<&DiarizationWrap::digest>("digest"),
       InstanceMethod<&DiarizationWrap::close>("close"), InstanceAccessor<&DiarizationWrap::busy>("busy"),
       InstanceAccessor<&DiarizationWrap::byteSize>("byteSize"), InstanceAccessor<&DiarizationWrap::closed>("closed")});
}

DiarizationWrap::DiarizationWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  adopt(info, "Diarization", handle_);
  report()();
  napi_type_tag_object(info.Env(), info.This(), &kTag);
}

std::function<void()> DiarizationWrap::report() const {
  return [handle = handle_, external = external_] { external->report(held(*handle)); };
}

StreamInput DiarizationWrap::input(int64_t begin, int64_t end) const {
  return (*useOf(Env(), handle_))->stream->input(begin, end);
}

Napi::Value DiarizationWrap::run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const CancelPtr cancel = cancelArg(info, 0);
  const auto use = useOf(env, handle_);
  if (ran_ || stepped_) throw makeError(env, codes::kInvalidArg, "a diarization runs once");
  const auto done = claim(env);
  ran_ = true;
  auto& environment = Environment::of(env);
  const int callback = info[1].IsFunction() ? environment.keep(info[1].As<Napi::Function>()) : 0;
  return environment.async<bool>(
      env, cancel,
      [use, cancel, callback, report = report(), &environment] {
        // Few and small: they need no back-pressure of their own.
        const auto onTurns = [&](const std::vector<Turn>& turns, int64_t decided) {
          environment.post([&environment, callback, report, turns, decided](Napi::Env env) {
            report();
            if (auto* function = environment.kept(callback)) {
              function->Call({toJs(env, turns), Napi::Number::New(env, static_cast<double>(decided))});
            }
          });
        };
        (*use)->stream->run(*cancel, onTurns);
        return true;
      },
      [](Napi::Env env, bool&) -> Napi::Value { return env.Undefined(); },
      [&environment, callback, done] {
        environment.drop(callback);
        done();
      });
}

std::function<void()> DiarizationWrap::claim(Napi::Env env) {
  if (*busy_) throw makeError(env, codes::kInvalidArg, "one call at a time");
  *busy_ = true;
  return [busy = busy_, report = report()] {
    *busy = false;
    report();
  };
}

DiarizationWrap::Use DiarizationWrap::stepsOf(Napi::Env env) {
  auto use = useOf(env, handle_);
  if (!(*use)->steps) throw makeError(env, codes::kInvalidArg, "channels are not gone through by windows: run() them");
  if (ran_) throw makeError(env, codes::kInvalidArg, "a diarization runs once");
  return use;
}

Napi::Value DiarizationWrap::listen(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const CancelPtr cancel = cancelArg(info, 0);
  const auto use = stepsOf(env);
  const auto done = claim(env);
  stepped_ = true;
  using Digests = std::vector<Digest>;
  return Environment::of(env).async<Digests>(
      env, cancel, [use, cancel] { return (*use)->steps->listen(*cancel); },
      [](Napi::Env env, Digests& digests) -> Napi::Value {
        if (digests.empty()) return env.Null();
        Napi::Array array = Napi::Array::New(env, digests.size());
        for (size_t i = 0; i < digests.size(); ++i) {
          array.Set(static_cast<uint32_t>(i), Napi::String::New(env, hex(digests[i])));
        }
        return array;
      },
      done);
}

Napi::Value DiarizationWrap::advance(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsArray()) throw makeError(env, codes::kInvalidArg, "known must be an array");
  const Napi::Array given = info[0].As<Napi::Array>();
  std::vector<PackedRecord> known(given.Length());
  for (uint32_t i = 0; i < given.Length(); ++i) {
    const Napi::Value record = given.Get(i);
    if (record.IsNull()) continue;
    if (!record.IsTypedArray() || record.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      throw makeError(env, codes::kInvalidArg, "a known record must be a Uint8Array or null");
    }
    const auto bytes = record.As<Napi::Uint8Array>();
    known[i].assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
  }
  const CancelPtr cancel = cancelArg(info, 1);
  const auto use = stepsOf(env);
  if (known.empty()) throw makeError(env, codes::kInvalidArg, "known must have an element for each window");
  const auto done = claim(env);
  using Step = DiarizationStream::Step;
  return Environment::of(env).async<Step>(
      env, cancel, [use, cancel, known = std::move(known)] { return (*use)->steps->advance(known, *cancel); },
      [](Napi::Env env, Step& step) -> Napi::Value {
        Napi::Array records = Napi::Array::New(env, step.records.size());
        for (size_t i = 0; i < step.records.size(); ++i) {
          const PackedRecord& record = step.records[i];
          Napi::Value value = env.Null();
          if (!record.empty()) {
            auto bytes = Napi::Uint8Array::New(env, record.size());
            std::copy(record.begin(), record.end(), bytes.Data());
            value = bytes;
          }
          records.Set(static_cast<uint32_t>(i), value);
        }
        Napi::Object object = Napi::Object::New(env);
        object.Set("turns", toJs(env, step.turns));
        object.Set("decided", Napi::Number::New(env, static_cast<double>(step.decided)));
        object.Set("records", records);
        return object;
      },
      done);
}

Napi::Value DiarizationWrap::end(const Napi::CallbackInfo& info) {
  if (*busy_) throw makeError(info.Env(), codes::kInvalidArg, "one call at a time");
  handle_->peek(false, [](const DiarizationObject& object) {
    object.stream->end();
    return true;
  });
  return info.Env().Undefined();
}

Napi::Value DiarizationWrap::digest(const Napi::CallbackInfo& info) {
  const auto digest =
      handle_->peek(std::optional<Digest>(), [](const DiarizationObject& object) { return object.stream->digest(); });
  return digest ? Napi::Value(Napi::String::New(info.Env(), hex(*digest))) : info.Env().Undefined();
}

Napi::Value DiarizationWrap::finish(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object wanted = objectArg(info, 0, "options");
  const CancelPtr cancel = cancelArg(info, 1);
  ClusterOptions options;
  const auto given = [&](const char* name, int& option) {
    const int value = static_cast<int>(numberField(wanted, name));
    if (value > 0) option = value;
  };
  given("numSpeakers", options.numSpeakers);
  given("minSpeakers", options.minSpeakers);
  given("maxSpeakers", options.maxSpeakers);
  options.maxSpeakers = std::max(options.maxSpeakers, options.minSpeakers);  // the default is no bound to the caller's
  const auto use = useOf(env, handle_);
  const auto done = claim(env);
  return Environment::of(env).async<Speakers>(
      env, cancel, [use, options, cancel] { return (*use)->stream->finish(options, *cancel); },
      [](Napi::Env env, Speakers& result) { return toJs(env, result); }, done);
}

Napi::Value DiarizationWrap::close(const Napi::CallbackInfo& info) {
  return closeHandle(info.Env(), handle_, external_);
}

Napi::Value DiarizationWrap::busy(const Napi::CallbackInfo& info) {
  const bool busy = handle_->peek(false, [](const DiarizationObject& object) { return object.stream->busy(); });
  return Napi::Boolean::New(info.Env(), busy);
}

Napi::Value DiarizationWrap::byteSize(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(held(*handle_)));
}

Napi::Value DiarizationWrap::closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), handle_->closed());
}

}  // namespace hearken
