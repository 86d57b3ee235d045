// What memory there is, was, and can be given back.
#include "addon/memory.h"

#include "core/ledger.h"
#include "core/rss.h"

namespace hearken {
namespace {

constexpr const char* kNames[kMemoryKinds] = {"weights", "states", "audio", "diarization"};  // as in MemoryKind

Napi::Number bytes(Napi::Env env, int64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

}  // namespace

Napi::Value memory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Ledger& ledger = Ledger::instance();
  Napi::Object object = Napi::Object::New(env);
  for (size_t i = 0; i < kMemoryKinds; ++i) {
    const auto kind = static_cast<MemoryKind>(i);
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("bytes", bytes(env, ledger.bytes(kind)));
    entry.Set("peak", bytes(env, ledger.peak(kind)));
    object.Set(kNames[i], entry);
  }
  return object;
}

Napi::Value externalMemory(const Napi::CallbackInfo& info) {
  int64_t all = 0;
  napi_adjust_external_memory(info.Env(), 0, &all);
  return bytes(info.Env(), all);
}

Napi::Value trimMemory(const Napi::CallbackInfo& info) {
  return Environment::of(info.Env())
      .async<bool>(
          info.Env(), std::make_shared<CancelToken>(),
          [] {
            trimHeap();
            return true;
          },
          [](Napi::Env env, bool&) -> Napi::Value { return env.Undefined(); });
}

Napi::Function MemoryWatchWrap::define(Napi::Env env) {
  return DefineClass(
      env, "MemoryWatch",
      {InstanceMethod<&MemoryWatchWrap::read>("read"), InstanceMethod<&MemoryWatchWrap::close>("close")});
}

MemoryWatchWrap::MemoryWatchWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  try {
    watch_ = std::make_unique<MemoryWatch>();
  } catch (const Error& error) {
    throw makeError(info.Env(), error.code(), error.what());
  }
}

Napi::Value MemoryWatchWrap::read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!watch_) throw makeError(env, codes::kClosed, "the memory watch is closed: read it before");
  const MemoryWatch::Reading reading = watch_->read();
  Napi::Object peak = Napi::Object::New(env);
  for (size_t i = 0; i < kMemoryKinds; ++i) peak.Set(kNames[i], bytes(env, reading.peaks[i]));
  peak.Set("total", bytes(env, reading.peakTotal));
  Napi::Object object = Napi::Object::New(env);
  object.Set("rss", bytes(env, reading.rss));
  object.Set("rssBefore", bytes(env, reading.rssBefore));
  object.Set("rssPeak", bytes(env, reading.rssPeak));
  object.Set("peak", peak);
  return object;
}

Napi::Value MemoryWatchWrap::close(const Napi::CallbackInfo& info) {
  watch_.reset();
  return info.Env().Undefined();
}

}  // namespace hearken
