#pragma once

#include <cstddef>

namespace hearken {

// Prepares the detector's copy of the audio: takes out a constant offset, and brings recordings that are far too quiet
// or too loud into the range that the detector knows. Ordinary levels pass unchanged. What comes out depends on nothing
// but the samples since reset().
class InputConditioner {
 public:
  void reset() { *this = InputConditioner(); }
  // One frame of n samples; out may be in.
  void process(const float* in, size_t n, float* out);

 private:
  bool started_ = false;
  float lastIn_ = 0, lastOut_ = 0;  // of the filter that takes out the offset
  float level_ = 0;                 // RMS of the loudest recent frames, falling slowly
  float gain_ = 1;
};

}  // namespace hearken
