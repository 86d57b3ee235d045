#pragma once

#include <string>

#include "asr/model_file.h"

struct whisper_context_params;

namespace hearken {

// What ModelMemory is for: chunks of up to so many seconds.
constexpr int kPredictedSeconds = 30;

// What a model of this shape and its workers will take, before anything is loaded: the graphs are laid out as
// whisper.cpp will lay them out, but without weights, caches or buffers. Takes some 10 ms and, meanwhile, 10 MB. Throws
// Error kOutOfMemory.
ModelMemory predictMemory(const ModelInfo& info);

// inspectModelFile() and predictMemory().
ModelInfo inspectModel(const std::string& path);

// What every model is loaded with, and so what a prediction is for.
whisper_context_params whisperParams();

}  // namespace hearken
