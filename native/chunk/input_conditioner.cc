#include "chunk/input_conditioner.h"

#include <algorithm>
#include <cmath>

namespace hearken {
namespace {

constexpr float kPole = 0.99f;        // a high-pass at 25 Hz
constexpr float kQuiet = 0.1f;        // a loudest-frame RMS below −20 dBFS is raised to it,
constexpr float kLoud = 0.3f;         // one above −10 dBFS lowered to that,
constexpr float kMostGain = 1000.0f;  // by at most 60 dB: the noise in the last bit of 16 stays below −36 dBFS
constexpr float kFall = 0.985f;       // of the level per frame of 32 ms: 4 dB a second
constexpr float kMost = 1e4f;         // 80 dB over full scale is no audio: kept from overflowing

}  // namespace

void InputConditioner::process(const float* in, size_t n, float* out) {
  if (n == 0) return;
  if (!started_) lastIn_ = std::clamp(in[0], -kMost, kMost);  // no step at the beginning
  double energy = 0;
  for (size_t i = 0; i < n; ++i) {
    const float now = std::clamp(in[i], -kMost, kMost);
    lastOut_ = now - lastIn_ + kPole * lastOut_;
    lastIn_ = now;
    out[i] = lastOut_;
    energy += static_cast<double>(lastOut_) * lastOut_;
  }
  const float rms = static_cast<float>(std::sqrt(energy / static_cast<double>(n)));
  level_ = std::max(rms, level_ * kFall);
  float wanted = 1;
  if (level_ < kQuiet) wanted = level_ > 0 ? std::min(kQuiet / level_, kMostGain) : kMostGain;
  if (level_ > kLoud) wanted = kLoud / level_;
  // Downwards at once, so that nothing is distorted; upwards over the frame, so that there is no click.
  const float from = started_ ? std::min(gain_, wanted) : wanted;
  const float step = (wanted - from) / static_cast<float>(n);
  for (size_t i = 0; i < n; ++i) out[i] *= from + step * static_cast<float>(i + 1);
  gain_ = wanted;
  started_ = true;
}

}  // namespace hearken
