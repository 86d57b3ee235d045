#pragma once

#include <array>

#include "diarization/kernels.h"
#include "diarization/segmentation.h"

namespace hearken {

// The layers of pyannote segmentation-3.0 before the LSTMs.
struct SincNetWeights {
  static constexpr int kFilters = 80, kTaps = 251, kHalf = kTaps / 2, kStride = 10;
  static constexpr int kChannels = 60, kKernel = 5, kPool = 3;
  static constexpr float kEpsilon = 1e-5f;

  // Half of the filters are even about their middle, half odd: each half is a product with the sums, or differences, of
  // the samples at equal distance from it, in half as many multiplications. Even: the middle and kHalf sums.
  PackedMatrix even, odd;
  std::array<float, kFilters> filterSum{};
  float waveWeight = 1, waveBias = 0;
  // Convolutions 1 and 2, [out][in · tap], without bias: what follows them subtracts every channel's mean.
  std::array<PackedMatrix, 2> convolutions;
  std::array<std::vector<float>, 3> normWeight, normBias;
};

struct LstmWeights {
  static constexpr int kHidden = 128, kGates = 4 * kHidden, kDirections = 2, kOutputs = kDirections * kHidden;
  // Scaled for lstmCell(); the sum of both biases is with `input`.
  std::array<PackedColumns, kDirections> input, hidden;
};

struct SegmentationWeights::Impl {
  static constexpr int kLayers = 4, kLinear = 128;
  explicit Impl(const GgufFile& file);
  int64_t bytes() const;

  SincNetWeights sincNet;
  std::array<LstmWeights, kLayers> lstm;
  std::array<PackedColumns, 3> linear;  // the last is the classifier
};

}  // namespace hearken
