#pragma once

#include <cmath>

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

#include "diarization/embedding.h"

namespace hearken {

// Products and lengths of embeddings, in a fixed order of additions: a · b equals b · a to the last bit, and results do
// not depend on how work is divided.
inline float dot(const float* a, const float* b) {
  constexpr int kLanes = 32;
  static_assert(EmbeddingWeights::kDimensions % kLanes == 0, "no rest");
#if defined(__AVX2__) && defined(__FMA__)
  // By hand: compilers keep sums[] of the plain version in memory, which is four times slower.
  __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
  for (int d = 0; d < EmbeddingWeights::kDimensions; d += kLanes) {
    for (int i = 0; i < 4; ++i) {
      sums[i] = _mm256_fmadd_ps(_mm256_loadu_ps(a + d + 8 * i), _mm256_loadu_ps(b + d + 8 * i), sums[i]);
    }
  }
  const __m256 all = _mm256_add_ps(_mm256_add_ps(sums[0], sums[2]), _mm256_add_ps(sums[1], sums[3]));
  const __m128 half = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
  const __m128 pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)));
#else
  float sums[kLanes] = {};
  for (int d = 0; d < EmbeddingWeights::kDimensions; d += kLanes) {
    for (int i = 0; i < kLanes; ++i) sums[i] += a[d + i] * b[d + i];
  }
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) sums[i] += sums[i + width];
  }
  return sums[0];
#endif
}

inline void addScaled(const float* vector, float scale, float* sum) {
  for (int d = 0; d < EmbeddingWeights::kDimensions; ++d) sum[d] += scale * vector[d];
}

// Makes the vector's length 1. What has no direction (zero, not finite) becomes zero, and false is returned.
inline bool toUnit(float* vector) {
  double square = 0;
  for (int d = 0; d < EmbeddingWeights::kDimensions; ++d) square += double{vector[d]} * vector[d];
  const bool directed = std::isfinite(square) && square > 1e-30;
  const double scale = directed ? 1 / std::sqrt(square) : 0;
  for (int d = 0; d < EmbeddingWeights::kDimensions; ++d) {
    vector[d] = directed ? static_cast<float>(vector[d] * scale) : 0.0f;
  }
  return directed;
}

}  // namespace hearken
