#pragma once

namespace hearken {

// whisper.cpp and ggml log to stderr by default. A library keeps quiet unless it is asked (HEARKEN_NATIVE_LOG). To be
// called before any other call of theirs.
void quietLogs();

}  // namespace hearken
