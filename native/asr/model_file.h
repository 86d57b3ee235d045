#pragma once

#include <cstdint>
#include <string>

namespace hearken {

// What a model and its workers take. See predict.h.
struct ModelMemory {
  int64_t weightBytes = 0;  // as the ledger counts them: with what ggml pads
  // One worker that decodes chunks of up to kPredictedSeconds with the default options.
  int64_t stateBytes = 0;
  int64_t secondBytes = 0;  // for each second that chunks are longer (or, negative, shorter) than that
  // n > 1 decoders (of beamSize, bestOf) take decodersBytes + (n - 1) * decoderBytes more than one does. The first part
  // is because whisper.cpp makes the cache of several decoders larger than they fill.
  int64_t decodersBytes = 0;
  int64_t decoderBytes = 0;
};

// What the header of a ggml Whisper file says, after all of the file's structure was checked.
struct ModelInfo {
  std::string type;  // tiny, base, small, medium, large
  bool multilingual = false;
  std::string quantization;  // ggml's name of the weights' type: f16, q8_0, …
  int fileType = 0;          // the same as the header's number
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
  ModelMemory memory;  // zeros unless inspectModel() made this
};

// Reads header, vocabulary and tensor list without loading anything, so that a wrong, truncated or hostile file never
// reaches whisper.cpp's loader (which trusts lengths and does not notice a short read). Throws Error kModelNotFound or
// kModelFormat.
ModelInfo inspectModelFile(const std::string& path);

}  // namespace hearken
