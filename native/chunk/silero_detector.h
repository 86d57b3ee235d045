#pragma once

#include <memory>
#include <string>

#include "chunk/silero_weights.h"
#include "chunk/speech_detector.h"

namespace hearken {

// Silero VAD from whisper.cpp's weights file. Throws kModelNotFound or kModelFormat.
std::unique_ptr<SpeechDetector> loadSileroDetector(const std::string& path);
// One of several that share their weights.
std::unique_ptr<SpeechDetector> makeSileroDetector(std::shared_ptr<const SileroWeights> weights);

}  // namespace hearken
