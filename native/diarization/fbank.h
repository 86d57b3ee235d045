#pragma once

#include <cstddef>
#include <memory>

namespace hearken {

// Kaldi's log mel filter bank as CAM++ wants it: 80 bins from 20 to 8000 Hz, frames of 25 ms every 10 ms, povey window,
// pre-emphasis 0.97, mean removed, samples in [-1, 1], no dither, snip edges. Per-crop mean is NOT subtracted here.
class Fbank {
 public:
  static constexpr int kBins = 80, kFrame = 400, kShift = 160;
  Fbank();
  ~Fbank();
  // Frame i of `frames` covers samples[i · kShift … + kFrame). Writes out[frames][kBins].
  void compute(const float* samples, size_t frames, float* out) const;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace hearken
