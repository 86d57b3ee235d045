#include "asr/align.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/pages.h"

namespace hearken {
namespace {

constexpr int kMedianWidth = 7;

// Median of 7 by a fixed sequence of exchanges (no branches, so that the compiler works on many frames at once).
inline float median7(float a, float b, float c, float d, float e, float f, float g) {
  const auto sort = [](float& x, float& y) {
    const float low = std::min(x, y);
    y = std::max(x, y);
    x = low;
  };
  sort(a, g), sort(c, d), sort(e, f);
  sort(a, c), sort(b, e), sort(d, g);
  sort(a, b), sort(c, f), sort(d, e);
  sort(b, c), sort(e, g);
  sort(c, d), sort(e, f);
  sort(d, e);
  return d;
}

// Adds the median-filtered row (mirrored at its ends) to `sum`.
void addMedian(const float* row, size_t n, std::vector<float>& padded, float* sum) {
  constexpr size_t half = kMedianWidth / 2;
  if (n <= half) {
    for (size_t i = 0; i < n; ++i) sum[i] += row[i];
    return;
  }
  padded.resize(n + 2 * half);
  std::copy(row, row + n, padded.begin() + half);
  for (size_t i = 0; i < half; ++i) {
    padded[half - 1 - i] = row[i + 1];
    padded[half + n + i] = row[n - 2 - i];
  }
  const float* p = padded.data();
  for (size_t i = 0; i < n; ++i) sum[i] += median7(p[i], p[i + 1], p[i + 2], p[i + 3], p[i + 4], p[i + 5], p[i + 6]);
}

// The monotonic path of least cost through rows x frames; the frame at which it enters each row.
std::vector<int> warp(const LedgerVector<float, MemoryKind::kStates>& cost, size_t rows, size_t frames) {
  enum : uint8_t { kDiagonal, kRow, kFrame };
  const size_t width = frames + 1;
  std::vector<float> previous(width, std::numeric_limits<float>::infinity()), current(width);
  LedgerVector<uint8_t, MemoryKind::kStates> trace((rows + 1) * width, kFrame);
  previous[0] = 0;
  for (size_t r = 1; r <= rows; ++r) {
    current[0] = std::numeric_limits<float>::infinity();
    for (size_t f = 1; f <= frames; ++f) {
      const float diagonal = previous[f - 1], up = previous[f], left = current[f - 1];
      uint8_t step = kFrame;
      float best = left;
      if (diagonal < up && diagonal < left) {
        step = kDiagonal;
        best = diagonal;
      } else if (up < diagonal && up < left) {
        step = kRow;
        best = up;
      }
      current[f] = cost[(r - 1) * frames + (f - 1)] + best;
      trace[r * width + f] = step;
    }
    std::swap(previous, current);
  }
  std::vector<int> begins(rows, 0);
  size_t r = rows, f = frames;
  while (r > 0 && f > 0) {
    begins[r - 1] = static_cast<int>(f - 1);
    const uint8_t step = trace[r * width + f];
    if (step != kFrame) --r;
    if (step != kRow) --f;
  }
  return begins;
}

}  // namespace

std::vector<int> alignTokens(const AttentionScores& in, size_t first) {
  const size_t rows = in.tokens - first, frames = in.frames;
  if (rows == 0 || frames == 0 || in.heads == 0) return std::vector<int>(rows, 0);

  LedgerVector<float, MemoryKind::kStates> sum(rows * frames, 0.0f), weights(in.tokens * frames);
  std::vector<float> mean(frames), deviation(frames), padded;
  for (size_t h = 0; h < in.heads; ++h) {
    for (size_t t = 0; t < in.tokens; ++t) {
      const float* row = in.scores + (h * in.tokens + t) * in.stride;
      float* out = weights.data() + t * frames;
      const float top = *std::max_element(row, row + frames);
      float total = 0;
      for (size_t f = 0; f < frames; ++f) total += out[f] = std::exp(row[f] - top);
      for (size_t f = 0; f < frames; ++f) out[f] /= total;
    }
    std::fill(mean.begin(), mean.end(), 0.0f);
    std::fill(deviation.begin(), deviation.end(), 0.0f);
    for (size_t t = 0; t < in.tokens; ++t) {
      for (size_t f = 0; f < frames; ++f) mean[f] += weights[t * frames + f];
    }
    for (size_t f = 0; f < frames; ++f) mean[f] /= static_cast<float>(in.tokens);
    for (size_t t = 0; t < in.tokens; ++t) {
      for (size_t f = 0; f < frames; ++f) {
        const float d = weights[t * frames + f] - mean[f];
        deviation[f] += d * d;
      }
    }
    for (size_t f = 0; f < frames; ++f) {
      deviation[f] = std::max(std::sqrt(deviation[f] / static_cast<float>(in.tokens)), 1e-9f);
    }
    for (size_t t = first; t < in.tokens; ++t) {
      float* row = weights.data() + t * frames;
      for (size_t f = 0; f < frames; ++f) row[f] = (row[f] - mean[f]) / deviation[f];
      addMedian(row, frames, padded, sum.data() + (t - first) * frames);
    }
  }
  for (float& value : sum) value = -value / static_cast<float>(in.heads);
  return warp(sum, rows, frames);
}

}  // namespace hearken
