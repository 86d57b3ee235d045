#include <atomic>
#include <condition_variable>

#include "addon/convert.h"
#include "addon/model.h"
#include "addon/planner.h"

namespace hearken {
namespace {

// Hands segments to a JS callback, at most a few batches ahead of it: a consumer that is slow slows the decode.
class Events {
 public:
  Events(Environment& environment, int callback, CancelPtr cancel)
      : environment_(environment), callback_(callback), cancel_(std::move(cancel)) {}

  void emit(const std::vector<Segment>& segments) {
    auto state = state_;
    const auto guard = cancel_->onCancel([state] { state->room.notify_all(); });
    std::unique_lock<std::mutex> lock(state->mutex);
    while (state->ahead >= kMostAhead && !cancel_->cancelled())
      state->room.wait_for(lock, std::chrono::milliseconds(100));
    cancel_->throwIfCancelled();
    ++state->ahead;
    lock.unlock();
    environment_.post([state, &environment = environment_, callback = callback_, segments](Napi::Env env) {
      {
        std::lock_guard<std::mutex> lock(state->mutex);
        --state->ahead;
        state->room.notify_all();
      }
      if (auto* function = environment.kept(callback)) function->Call({toJs(env, segments)});
    });
  }

 private:
  static constexpr int kMostAhead = 4;
  struct State {
    std::mutex mutex;
    std::condition_variable room;
    int ahead = 0;
  };
  Environment& environment_;
  int callback_;
  CancelPtr cancel_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

DecodeInput inputOf(const PlannedChunk& chunk) {
  DecodeInput input;
  input.samples = chunk.pcm.data();
  input.count = chunk.pcm.size();
  input.begin = chunk.span.begin;
  for (const Span& span : chunk.speech) input.speech.emplace_back(span.begin, span.end);
  return input;
}

int64_t held(const StateHandle& handle) {
  return handle.peek(int64_t{0}, [](const StateObject& object) { return object.state.byteSize(); });
}

}  // namespace

Napi::Function StateWrap::define(Napi::Env env) {
  return DefineClass(
      env, "State",
      {InstanceMethod<&StateWrap::decode>("decode"), InstanceMethod<&StateWrap::detectLanguage>("detectLanguage"),
       InstanceMethod<&StateWrap::close>("close"), InstanceAccessor<&StateWrap::byteSize>("byteSize"),
       InstanceAccessor<&StateWrap::closed>("closed")});
}

StateWrap::StateWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  adopt(info, "State", handle_);
  external_->report(held(*handle_));
  napi_type_tag_object(info.Env(), info.This(), &kTag);
}

void StateWrap::claim(Napi::Env env) {
  if (*busy_) throw makeError(env, codes::kInvalidArg, "the worker state is busy: one decode at a time");
  *busy_ = true;
}

std::function<void()> StateWrap::finished() const {
  return [busy = busy_, handle = handle_, external = external_] {
    *busy = false;
    external->report(held(*handle));
  };
}

Napi::Value StateWrap::decode(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto chunk = unwrap<ChunkWrap>(info[0], "chunk")->chunk();
  const DecodeOptions options = decodeOptions(objectArg(info, 1, "options"));
  const CancelPtr cancel = cancelArg(info, 2);
  auto& environment = Environment::of(env);
  const auto use = useOf(env, handle_);
  claim(env);
  const int callback = info[3].IsFunction() ? environment.keep(info[3].As<Napi::Function>()) : 0;
  // Released on the JS thread whatever becomes of the decode, and before its promise settles.
  const auto finish = [&environment, finished = finished(), callback] {
    finished();
    environment.drop(callback);
  };
  return environment.async<DecodeResult>(
      env, cancel,
      [use, chunk, options, cancel, &environment, callback] {
        WhisperState::OnSegments emit;
        if (callback) {
          emit = [events = std::make_shared<Events>(environment, callback, cancel)](
                     const std::vector<Segment>& segments) { events->emit(segments); };
        }
        return (*use)->state.decode(inputOf(*chunk), options, *cancel, emit);
      },
      [](Napi::Env env, DecodeResult& result) { return toJs(env, result); }, finish);
}

Napi::Value StateWrap::detectLanguage(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto chunk = unwrap<ChunkWrap>(info[0], "chunk")->chunk();
  const int threads = info[1].IsNumber() ? info[1].As<Napi::Number>().Int32Value() : 1;
  const CancelPtr cancel = cancelArg(info, 2);
  const auto use = useOf(env, handle_);
  claim(env);
  return Environment::of(env).async<LanguageGuess>(
      env, cancel,
      [use, chunk, threads, cancel] { return (*use)->state.detectLanguage(inputOf(*chunk), threads, *cancel); },
      [](Napi::Env env, LanguageGuess& guess) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object.Set("language", Napi::String::New(env, guess.language));
        object.Set("probability", Napi::Number::New(env, guess.probability));
        return object;
      },
      finished());
}

Napi::Value StateWrap::close(const Napi::CallbackInfo& info) {
  return closeHandle(info.Env(), handle_, external_);
}

Napi::Value StateWrap::byteSize(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(held(*handle_)));
}

Napi::Value StateWrap::closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), handle_->closed());
}

}  // namespace hearken
