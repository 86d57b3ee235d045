#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/ledger.h"

namespace hearken {

// The weights of Silero VAD (16 kHz, versions 5 and 6) in single precision, rows first: [out][in * kernel + tap].
// The shapes are the architecture's: a file that says anything else is not this model.
struct SileroWeights {
  static constexpr int kBins = 129;    // of the spectrum
  static constexpr int kBasis = 256;   // samples of one spectrum
  static constexpr int kHidden = 128;  // of the LSTM
  static constexpr int kGates = 4 * kHidden;

  std::vector<float> basis;                     // [2 * kBins][kBasis]: cosines, then sines
  std::vector<float> weight[4], bias[4];        // convolutions of 3 taps: 129→128, 128→64, 64→64, 64→128
  std::vector<float> inputWeight, inputBias;    // [kGates][kHidden], [kGates]: input, forget, cell, output
  std::vector<float> hiddenWeight, hiddenBias;  // the same, from the LSTM's own state
  std::vector<float> outWeight;                 // [kHidden]
  float outBias = 0;
  Allocation memory;

  // What `memory` counts: basis, convolutions with their biases, both halves of the LSTM, and the last layer.
  static constexpr int64_t kBytes =
      int64_t{4} * (2 * kBins * kBasis + 3 * (kBins * 128 + 128 * 64 + 64 * 64 + 64 * 128) + (128 + 64 + 64 + 128) +
                    2 * (kGates * kHidden + kGates) + kHidden);
};

// Reads whisper.cpp's ggml file of Silero VAD. Throws kModelNotFound, or kModelFormat if a single field, name, shape,
// length or number in it is not what the model has; whisper.cpp itself aborts the process on some of those.
std::shared_ptr<const SileroWeights> loadSileroWeights(const std::string& path);

}  // namespace hearken
