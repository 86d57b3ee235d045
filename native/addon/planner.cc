#include "addon/planner.h"

#include "addon/convert.h"
#include "addon/diarizer.h"
#include "chunk/silero_detector.h"

namespace hearken {

Napi::Function ChunkWrap::define(Napi::Env env) {
  return DefineClass(env, "Chunk", {InstanceMethod<&ChunkWrap::release>("release")});
}

ChunkWrap::ChunkWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  adopt(info, "Chunk", chunk_);
  external_->report(static_cast<int64_t>(chunk_->pcm.capacity() * sizeof(float)));
  const Napi::Env env = info.Env();
  Napi::Object self = info.This().As<Napi::Object>();
  napi_type_tag_object(env, self, &kTag);
  Napi::Array speech = Napi::Array::New(env, chunk_->speech.size());
  for (size_t i = 0; i < chunk_->speech.size(); ++i) speech.Set(static_cast<uint32_t>(i), toJs(env, chunk_->speech[i]));
  self.Set("index", Napi::Number::New(env, chunk_->index));
  self.Set("begin", Napi::Number::New(env, static_cast<double>(chunk_->span.begin)));
  self.Set("end", Napi::Number::New(env, static_cast<double>(chunk_->span.end)));
  self.Set("owned", toJs(env, chunk_->owned));
  self.Set("endsInSpeech", Napi::Boolean::New(env, chunk_->end == ChunkEnd::kOverlap));
  self.Set("speech", speech);
  self.Set("digest", Napi::String::New(env, hex(chunk_->digest)));
}

std::shared_ptr<const PlannedChunk> ChunkWrap::chunk() const {
  if (!chunk_) throw makeError(Env(), codes::kClosed, "the chunk was released");
  return chunk_;
}

Napi::Value ChunkWrap::release(const Napi::CallbackInfo& info) {
  chunk_.reset();
  external_->end();
  return info.Env().Undefined();
}

Napi::Function PlannerWrap::define(Napi::Env env) {
  return DefineClass(env, "Planner",
                     {InstanceMethod<&PlannerWrap::next>("next"), InstanceMethod<&PlannerWrap::drain>("drain"),
                      InstanceMethod<&PlannerWrap::contentDigest>("contentDigest"),
                      InstanceMethod<&PlannerWrap::close>("close"), InstanceAccessor<&PlannerWrap::info>("info"),
                      InstanceAccessor<&PlannerWrap::position>("position")});
}

PlannerWrap::PlannerWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  adopt(info, "Planner", handle_);
  info_ = handle_->peek(AudioInfo{}, [](const PlannerObject& object) { return object.planner->info(); });
  napi_type_tag_object(info.Env(), info.This(), &kTag);
}

Napi::Value PlannerWrap::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object source = objectArg(info, 0, "source");
  const Napi::Object wanted = objectArg(info, 1, "options");
  const CancelPtr cancel = cancelArg(info, 2);

  ReaderOptions reading;
  reading.channel = static_cast<int>(numberField(wanted, "channel"));
  reading.ffmpegPath = stringField(wanted, "ffmpegPath");
  PlanOptions plan;
  plan.begin = samplesField(wanted, "begin");
  plan.end = samplesField(wanted, "end");
  plan.chunkSamples = samplesField(wanted, "chunkSamples");
  const std::string vadModel = stringField(wanted, "vadModel");
  plan.detectSpeech = !vadModel.empty();

  std::shared_ptr<SampleSink> sink;
  if (wanted.Get("diarization").IsObject()) {
    const auto* diarization = unwrap<DiarizationWrap>(wanted.Get("diarization"), "diarization");
    const StreamInput input = diarization->input(plan.begin, plan.end);
    sink = input.samples;
    reading.tap = input.frames;
  }

  using Open = std::function<std::unique_ptr<AudioReader>()>;
  Open open;
  if (source.Has("path")) {
    open = [path = stringField(source, "path"), reading, cancel] { return openFile(path, reading, *cancel); };
  } else if (source.Has("buffer")) {
    const auto bytes = unwrap<BufferWrap>(source.Get("buffer"), "buffer")->take();
    if (!bytes) throw makeError(env, codes::kClosed, "these bytes were read already");
    open = [bytes, reading, cancel] {
      return openBytes(bytes->data.data(), bytes->data.size(), bytes, reading, *cancel);
    };
  } else {
    const auto queue = unwrap<QueueWrap>(source.Get("queue"), "queue")->queue();
    std::shared_ptr<PcmFormat> pcm;
    if (source.Get("pcm").IsObject()) {
      const auto format = source.Get("pcm").As<Napi::Object>();
      pcm = std::make_shared<PcmFormat>();
      pcm->sample = stringField(format, "sampleFormat") == "f32" ? PcmFormat::Sample::kF32 : PcmFormat::Sample::kS16;
      pcm->sampleRate = static_cast<int>(numberField(format, "sampleRate"));
      pcm->channels = static_cast<int>(numberField(format, "channels"));
    }
    open = [queue, pcm, reading, cancel] { return openStream(queue, pcm.get(), reading, *cancel); };
  }

  using Object = std::shared_ptr<PlannerObject>;
  return Environment::of(env).async<Object>(
      env, cancel,
      [open, plan, vadModel, sink] {
        std::unique_ptr<SpeechDetector> detector;
        if (!vadModel.empty()) detector = loadSileroDetector(vadModel);
        return std::make_shared<PlannerObject>(std::make_unique<ChunkPlanner>(open(), std::move(detector), plan, sink));
      },
      [](Napi::Env env, Object& object) -> Napi::Value {
        auto handle = std::make_shared<PlannerHandle>(std::move(object), "the audio");
        return construct(env, Environment::of(env).plannerClass, std::move(handle));
      });
}

Napi::Value PlannerWrap::next(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const CancelPtr cancel = cancelArg(info, 0);
  const auto use = useOf(env, handle_);
  claim(env);
  using Chunk = std::shared_ptr<const PlannedChunk>;
  return Environment::of(env).async<Chunk>(
      env, cancel,
      [use, cancel, position = position_]() -> Chunk {
        auto chunk = (*use)->planner->next(*cancel);
        position->store((*use)->planner->position());
        return chunk ? std::make_shared<const PlannedChunk>(std::move(*chunk)) : nullptr;
      },
      [](Napi::Env env, Chunk& chunk) -> Napi::Value {
        if (!chunk) return env.Null();
        return construct(env, Environment::of(env).chunkClass, std::move(chunk));
      },
      [busy = busy_] { *busy = false; });
}

Napi::Value PlannerWrap::drain(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const CancelPtr cancel = cancelArg(info, 0);
  const auto use = useOf(env, handle_);
  claim(env);
  return Environment::of(env).async<bool>(
      env, cancel,
      [use, cancel, position = position_] {
        (*use)->planner->drain(*cancel);
        position->store((*use)->planner->position());
        return true;
      },
      [](Napi::Env env, bool&) -> Napi::Value { return env.Undefined(); }, [busy = busy_] { *busy = false; });
}

Napi::Value PlannerWrap::contentDigest(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const CancelPtr cancel = cancelArg(info, 0);
  if (!info[1].IsBoolean()) throw makeError(env, codes::kInvalidArg, "whole must be true or false");
  const bool whole = info[1].As<Napi::Boolean>().Value();
  const auto use = useOf(env, handle_);
  claim(env);
  using Found = std::optional<Digest>;
  return Environment::of(env).async<Found>(
      env, cancel, [use, cancel, whole] { return (*use)->planner->contentDigest(whole, *cancel); },
      [](Napi::Env env, Found& found) -> Napi::Value {
        return found ? Napi::Value(Napi::String::New(env, hex(*found))) : env.Undefined();
      },
      [busy = busy_] { *busy = false; });
}

void PlannerWrap::claim(Napi::Env env) {
  if (*busy_) throw makeError(env, codes::kInvalidArg, "one call at a time");
  *busy_ = true;
}

Napi::Value PlannerWrap::close(const Napi::CallbackInfo& info) {
  return closeHandle(info.Env(), handle_);
}

Napi::Value PlannerWrap::info(const Napi::CallbackInfo& info) {
  return toJs(info.Env(), info_);
}

Napi::Value PlannerWrap::position(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(position_->load()));
}

}  // namespace hearken
