#pragma once

#include <memory>
#include <string>

#include "chunk/speech_detector.h"

namespace hearken {

// Silero VAD from whisper.cpp's weights file. Throws kModelNotFound or kModelFormat.
std::unique_ptr<SpeechDetector> loadSileroDetector(const std::string& path);

}  // namespace hearken
