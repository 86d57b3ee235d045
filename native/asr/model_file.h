#pragma once

#include <cstdint>
#include <string>

namespace hearken {

// What the header of a ggml Whisper file says, after all of the file's structure was checked.
struct ModelInfo {
  std::string type;  // tiny, base, small, medium, large
  bool multilingual = false;
  std::string quantization;  // ggml's name of the weights' type: f16, q8_0, …
  int64_t weightBytes = 0;   // of all tensors
  int vocabulary = 0;
  int audioContext = 0;
  int audioState = 0;
  int audioHeads = 0;
  int audioLayers = 0;
  int textContext = 0;
  int textState = 0;
  int textHeads = 0;
  int textLayers = 0;
  int mels = 0;
};

// Reads header, vocabulary and tensor list without loading anything, so that a wrong, truncated or hostile file never
// reaches whisper.cpp's loader (which trusts lengths and does not notice a short read). Throws Error kModelNotFound or
// kModelFormat.
ModelInfo inspectModelFile(const std::string& path);

}  // namespace hearken
