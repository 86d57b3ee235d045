#include "audio/resampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "audio/reader.h"

namespace hearken {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kStopBand = 90.0;    // dB
constexpr double kPassBand = 0.9;     // of the lower Nyquist frequency
constexpr int kLanes = 16;            // taps are summed in so many lanes, which the compiler keeps in vectors
constexpr int64_t kMaxTaps = 400000;  // a larger exact table gives way to an interpolated one
constexpr int kGrid = 512;            // its phases; the error of linear interpolation stays below -100 dB

double besselI0(double x) {
  double sum = 1, term = 1;
  for (int k = 1; k < 60 && term > sum * 1e-18; ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

float dot(const float* x, const float* h, size_t n) {
  float lanes[kLanes] = {};
  for (size_t i = 0; i < n; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) lanes[l] += x[i + l] * h[i + l];
  }
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int l = 0; l < width; ++l) lanes[l] += lanes[l + width];
  }
  return lanes[0];
}

}  // namespace

Resampler::Resampler(int sourceRate) {
  const int64_t common = std::gcd<int64_t>(sourceRate, kSampleRate);
  up_ = kSampleRate / common;
  down_ = sourceRate / common;
  if (passThrough()) return;

  const double nyquist = std::min(sourceRate, kSampleRate) / 2.0;
  const double cutoff = nyquist * (1 + kPassBand) / 2;
  const double transition = 2 * kPi * nyquist * (1 - kPassBand) / sourceRate;
  const double length = (kStopBand - 7.95) / (2.285 * transition) + 1;
  const auto taps = static_cast<int64_t>(std::ceil(length / kLanes)) * kLanes;
  half_ = taps / 2;
  interpolated_ = up_ * taps > kMaxTaps;
  phases_ = interpolated_ ? kGrid : static_cast<int>(up_);
  const int rows = interpolated_ ? phases_ + 1 : phases_;
  taps_.resize(static_cast<size_t>(rows * taps));
  allocation_ = Allocation(MemoryKind::kAudio, static_cast<int64_t>(taps_.size() * sizeof(float)));

  const double beta = 0.1102 * (kStopBand - 8.7);
  const double edge = besselI0(beta);
  std::vector<double> row(static_cast<size_t>(taps));
  for (int p = 0; p < rows; ++p) {
    double sum = 0;
    for (int64_t j = 0; j < taps; ++j) {
      const double d = static_cast<double>(j - half_ + 1) - static_cast<double>(p) / phases_;
      const double w = d / static_cast<double>(half_);
      const double a = 2 * kPi * cutoff / sourceRate * d;
      const double sinc = std::fabs(a) < 1e-9 ? 1 : std::sin(a) / a;
      row[j] = std::fabs(w) >= 1 ? 0 : sinc * besselI0(beta * std::sqrt(1 - w * w)) / edge;
      sum += row[j];
    }
    // Each phase passes a constant exactly, so that no ripple at the rate of the phases appears.
    for (int64_t j = 0; j < taps; ++j) taps_[static_cast<size_t>(p * taps + j)] = static_cast<float>(row[j] / sum);
  }
}

int64_t Resampler::outputFrames(int64_t frames) const {
  // In two parts, and no further than a product can be told: a header may promise any number of frames.
  frames = std::clamp<int64_t>(frames, 0, INT64_MAX / (2 * kSampleRate));
  return frames / down_ * up_ + (frames % down_ * up_ + down_ - 1) / down_;
}

void Resampler::compute(const float* x, int64_t base, int64_t n, size_t count, float* out) const {
  if (passThrough()) {
    std::memcpy(out, x + (n - base), count * sizeof(float));
    return;
  }
  const auto taps = static_cast<size_t>(2 * half_);
  int64_t at = n * down_ / up_;
  int64_t phase = n * down_ % up_;
  const int64_t step = down_ / up_, rest = down_ % up_;
  for (size_t i = 0; i < count; ++i) {
    const float* from = x + (at - half_ + 1 - base);
    if (interpolated_) {
      const double place = static_cast<double>(phase) * phases_ / static_cast<double>(up_);
      const auto row = static_cast<size_t>(place);
      const float part = static_cast<float>(place - static_cast<double>(row));
      const float* h = taps_.data() + row * taps;
      out[i] = (1 - part) * dot(from, h, taps) + part * dot(from, h + taps, taps);
    } else {
      out[i] = dot(from, taps_.data() + static_cast<size_t>(phase) * taps, taps);
    }
    at += step;
    phase += rest;
    if (phase >= up_) {
      phase -= up_;
      ++at;
    }
  }
}

}  // namespace hearken
