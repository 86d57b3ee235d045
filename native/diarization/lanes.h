#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace hearken {

// Eight floats taken together: a vector register where the build may assume one that wide, else a loop that compilers
// turn into what they have. For code that is too varied for kernels.h and that compilers do not vectorise by
// themselves.
struct Lanes {
  static constexpr int kCount = 8;
#ifdef __AVX2__
  __m256 values;
  static Lanes load(const float* from) {
    return {_mm256_loadu_ps(from)};
  }
  static Lanes all(float value) {
    return {_mm256_set1_ps(value)};
  }
  void store(float* to) const {
    _mm256_storeu_ps(to, values);
  }
  friend Lanes operator+(Lanes a, Lanes b) {
    return {_mm256_add_ps(a.values, b.values)};
  }
  friend Lanes operator-(Lanes a, Lanes b) {
    return {_mm256_sub_ps(a.values, b.values)};
  }
  friend Lanes operator*(Lanes a, Lanes b) {
    return {_mm256_mul_ps(a.values, b.values)};
  }
  friend Lanes operator*(float a, Lanes b) {
    return {_mm256_mul_ps(_mm256_set1_ps(a), b.values)};
  }
  friend Lanes max(Lanes a, Lanes b) {
    return {_mm256_max_ps(a.values, b.values)};
  }
#else
  float values[kCount];
  template <class Function>
  static Lanes of(Function function) {
    Lanes result;
    for (int i = 0; i < kCount; ++i) result.values[i] = function(i);
    return result;
  }
  static Lanes load(const float* from) {
    return of([=](int i) { return from[i]; });
  }
  static Lanes all(float value) {
    return of([=](int) { return value; });
  }
  void store(float* to) const {
    for (int i = 0; i < kCount; ++i) to[i] = values[i];
  }
  friend Lanes operator+(const Lanes& a, const Lanes& b) {
    return of([&](int i) { return a.values[i] + b.values[i]; });
  }
  friend Lanes operator-(const Lanes& a, const Lanes& b) {
    return of([&](int i) { return a.values[i] - b.values[i]; });
  }
  friend Lanes operator*(const Lanes& a, const Lanes& b) {
    return of([&](int i) { return a.values[i] * b.values[i]; });
  }
  friend Lanes operator*(float a, const Lanes& b) {
    return of([&](int i) { return a * b.values[i]; });
  }
  friend Lanes max(const Lanes& a, const Lanes& b) {
    return of([&](int i) { return a.values[i] > b.values[i] ? a.values[i] : b.values[i]; });
  }
#endif
};

}  // namespace hearken
