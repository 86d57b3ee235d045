#pragma once

#include <memory>

#include "addon/wrap.h"
#include "core/memory_watch.h"

namespace hearken {

Napi::Value memory(const Napi::CallbackInfo& info);          // memory(): bytes and peaks by category
Napi::Value externalMemory(const Napi::CallbackInfo& info);  // externalMemory(): what V8 was told of
Napi::Value trimMemory(const Napi::CallbackInfo& info);      // trimMemory(): a promise

class MemoryWatchWrap : public Napi::ObjectWrap<MemoryWatchWrap> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit MemoryWatchWrap(const Napi::CallbackInfo& info);

 private:
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  std::unique_ptr<MemoryWatch> watch_;  // null once closed
};

}  // namespace hearken
