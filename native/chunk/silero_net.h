#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "chunk/silero_weights.h"

namespace hearken {

// The forward pass of Silero VAD. It computes the layers without recurrence for eight frames at a time and takes 60 %
// of the time of whisper.cpp's graph, which has no way to give a frame its context either, and keeps activations in
// single precision. One thread at a time.
class SileroNet {
 public:
  static constexpr size_t kInput = 640;  // 64 samples before the frame, the frame, 64 samples after it

  explicit SileroNet(std::shared_ptr<const SileroWeights> weights);
  void reset();
  // inputs: frames * kInput samples; out: frames probabilities. Continues from the state of the last call.
  void run(const float* inputs, size_t frames, float* out);
  static int64_t bytes();  // of every one

 private:
  static constexpr int kBatch = 8;
  static constexpr int kColumns = SileroWeights::kBins * 3 * 4 * kBatch;  // a layer's widest input
  static constexpr int kOutputs = 2 * SileroWeights::kBins * 4 * kBatch;
  void encode(const float* inputs, int frames);
  float step(int frame);

  std::shared_ptr<const SileroWeights> weights_;
  std::vector<float> hiddenTransposed_;  // [hidden][gates]: a state's share of all gates lies together
  std::vector<float> x_, y_;             // a layer's input columns and its output
  std::vector<float> gates_;             // [gates][kBatch]: the input's share
  std::vector<float> hidden_, cell_;
  Allocation memory_;
};

}  // namespace hearken
