#include "asr/logs.h"

#include <ggml.h>
#include <whisper.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace hearken {

void quietLogs() {
  static std::once_flag once;
  std::call_once(once, [] {
    static const bool loud = std::getenv("HEARKEN_NATIVE_LOG") != nullptr;
    const auto sink = [](ggml_log_level, const char* text, void*) {
      if (loud) std::fputs(text, stderr);
    };
    whisper_log_set(sink, nullptr);
    ggml_log_set(sink, nullptr);
  });
}

}  // namespace hearken
