#pragma once

#include <ggml.h>

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "asr/model_file.h"

namespace hearken {

struct TensorShape {
  std::array<int64_t, 3> shape{1, 1, 1};  // in ggml's order: the row length first
  ggml_type type = GGML_TYPE_F32;
};

// Every tensor that a model of these dimensions has, with its shape and type: what whisper.cpp's loader will ask for.
std::unordered_map<std::string, TensorShape> expectedTensors(const ModelInfo& info, ggml_type weights);

}  // namespace hearken
