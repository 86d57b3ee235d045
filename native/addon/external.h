#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>

namespace hearken {

// What a JS object holds outside of V8's heap, told to V8: the object itself is a few bytes to it, and it would see no
// reason to collect many of them. Told on the JS thread only; shared by the object and by what settles on its behalf.
class ExternalMemory {
 public:
  explicit ExternalMemory(Napi::Env env) : env_(env) {}
  ExternalMemory(const ExternalMemory&) = delete;
  ExternalMemory& operator=(const ExternalMemory&) = delete;

  void report(int64_t bytes) {
    if (ended_ || bytes == reported_) return;
    int64_t all = 0;
    if (napi_adjust_external_memory(env_, bytes - reported_, &all) == napi_ok) reported_ = bytes;
  }
  // The memory is gone, or the object: what a job that still runs would report afterwards is not taken back by anybody.
  void end() {
    report(0);
    ended_ = true;
  }

 private:
  napi_env env_;
  int64_t reported_ = 0;
  bool ended_ = false;
};

using ExternalPtr = std::shared_ptr<ExternalMemory>;

}  // namespace hearken
