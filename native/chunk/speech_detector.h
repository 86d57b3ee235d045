#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/cancel.h"

namespace hearken {

// Speech probability of consecutive 512-sample (32 ms) frames at 16 kHz. Keeps its state between calls: a stream is fed
// in order, from reset() on. One thread at a time.
constexpr size_t kSpeechFrame = 512;

class SpeechDetector {
 public:
  virtual ~SpeechDetector() = default;
  virtual void reset() = 0;
  // samples: frames * kSpeechFrame floats; appends `frames` probabilities in [0, 1].
  virtual void detect(const float* samples, size_t frames, std::vector<float>& out, CancelToken& cancel) = 0;
};

}  // namespace hearken
