// For any CPU: vectors of four floats in the compiler's own terms (NEON on ARM), or plain loops where it has none.
#include "diarization/kernels_table.h"

#ifdef _MSC_VER
#define HEARKEN_INLINE __forceinline
#else
#define HEARKEN_INLINE inline __attribute__((always_inline))
#endif

#include <string.h>

namespace hearken {
namespace {

struct Vec {
  static constexpr int kLanes = 4;
#if defined(__GNUC__)
  typedef float Register __attribute__((vector_size(16)));
#else
  struct Register {
    float lanes[kLanes];
    float& operator[](int i) { return lanes[i]; }
    float operator[](int i) const { return lanes[i]; }
  };
#endif
  using Mask = int;
  template <class Function>
  static HEARKEN_INLINE Register each(Function function) {
    Register r;
    for (int i = 0; i < kLanes; ++i) r[i] = function(i);
    return r;
  }
  static HEARKEN_INLINE Mask mask(int lanes) {
    return lanes;
  }
  static HEARKEN_INLINE Register all(float v) {
    return each([=](int) { return v; });
  }
  static HEARKEN_INLINE Register load(const float* p) {
    Register r;
    memcpy(&r, p, sizeof(r));
    return r;
  }
  static HEARKEN_INLINE Register load(const float* p, Mask m) {
    Register r = all(0.0f);
    for (int i = 0; i < m; ++i) r[i] = p[i];
    return r;
  }
  static HEARKEN_INLINE void store(float* p, Register v) {
    memcpy(p, &v, sizeof(v));
  }
  static HEARKEN_INLINE void store(float* p, Register v, Mask m) {
    for (int i = 0; i < m; ++i) p[i] = v[i];
  }
#if defined(__GNUC__)
  // Fused where the CPU can: the build allows contraction in this file.
  static HEARKEN_INLINE Register multiplyAdd(Register a, Register b, Register c) {
    return a * b + c;
  }
  static HEARKEN_INLINE Register multiply(Register a, Register b) {
    return a * b;
  }
  static HEARKEN_INLINE Register add(Register a, Register b) {
    return a + b;
  }
  static HEARKEN_INLINE Register subtract(Register a, Register b) {
    return a - b;
  }
  static HEARKEN_INLINE Register divide(Register a, Register b) {
    return a / b;
  }
  static HEARKEN_INLINE Register min(Register a, Register b) {
    return a < b ? a : b;
  }
  static HEARKEN_INLINE Register max(Register a, Register b) {
    return a > b ? a : b;
  }
#else
  static HEARKEN_INLINE Register multiplyAdd(Register a, Register b, Register c) {
    return each([&](int i) { return a[i] * b[i] + c[i]; });
  }
  static HEARKEN_INLINE Register multiply(Register a, Register b) {
    return each([&](int i) { return a[i] * b[i]; });
  }
  static HEARKEN_INLINE Register add(Register a, Register b) {
    return each([&](int i) { return a[i] + b[i]; });
  }
  static HEARKEN_INLINE Register subtract(Register a, Register b) {
    return each([&](int i) { return a[i] - b[i]; });
  }
  static HEARKEN_INLINE Register divide(Register a, Register b) {
    return each([&](int i) { return a[i] / b[i]; });
  }
  static HEARKEN_INLINE Register min(Register a, Register b) {
    return each([&](int i) { return a[i] < b[i] ? a[i] : b[i]; });
  }
  static HEARKEN_INLINE Register max(Register a, Register b) {
    return each([&](int i) { return a[i] > b[i] ? a[i] : b[i]; });
  }
#endif
  // Adding and taking away 1.5 · 2^23 leaves no room for a fraction: the nearest whole number, ties to even.
  static HEARKEN_INLINE Register round(Register v) {
    return each([&](int i) {
      const float shifted = v[i] + 12582912.0f;  // (not under -ffast-math)
      return shifted - 12582912.0f;
    });
  }
  static HEARKEN_INLINE Register scale(Register v, Register power) {
    return each([&](int i) {
      int bits;
      const float value = v[i];
      memcpy(&bits, &value, sizeof(bits));
      bits += static_cast<int>(power[i]) * (1 << 23);
      float scaled;
      memcpy(&scaled, &bits, sizeof(scaled));
      return scaled;
    });
  }
};
#if defined(__aarch64__) || defined(_M_ARM64)
constexpr int kRows = 8, kVecs = 3;  // of 32 registers
#else
constexpr int kRows = 4, kVecs = 3;  // of 16
#endif

#include "diarization/kernels_impl.inc"

}  // namespace

const KernelTable kKernelsPlain = {"plain", multiplyImpl, multiplyRowsImpl, lstmCellImpl};

}  // namespace hearken
