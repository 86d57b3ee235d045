#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/ledger.h"

namespace hearken {

// From any rate to 16 kHz by a windowed sinc (Kaiser, stop band below -85 dB from the lower Nyquist frequency on, flat
// up to 0.9 of it). It has no state: output n is a function of the source samples around its time, n / 16000 s, so that
// a seek gives the same samples as an unbroken read. At 16 kHz the samples pass through unchanged.
class Resampler {
 public:
  explicit Resampler(int sourceRate);

  bool passThrough() const { return up_ == down_; }
  // The source samples that output n depends on: [firstInput, lastInput]; outside the source they count as 0.
  int64_t firstInput(int64_t n) const { return passThrough() ? n : n * down_ / up_ - half_ + 1; }
  int64_t lastInput(int64_t n) const { return passThrough() ? n : n * down_ / up_ + half_; }
  // The outputs that fall inside the first `frames` samples of the source.
  int64_t outputFrames(int64_t frames) const;
  // Outputs n .. n + count; x[i] is source sample base + i and covers their inputs.
  void compute(const float* x, int64_t base, int64_t n, size_t count, float* out) const;

 private:
  int64_t up_ = 1, down_ = 1;  // the ratio 16000 / rate in lowest terms
  int64_t half_ = 0;           // taps on each side
  int phases_ = 1;             // up_ of them, or a fixed grid that is interpolated where up_ is large
  bool interpolated_ = false;
  std::vector<float> taps_;  // phases_ (+ 1) rows of 2 * half_
  Allocation allocation_;
};

}  // namespace hearken
