// Compiled with AVX-512F enabled; called only where the CPU has it. No header with inline functions: see
// kernels_table.h.
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>

#include "diarization/kernels_table.h"

#ifdef _MSC_VER
#define HEARKEN_INLINE __forceinline
#else
#define HEARKEN_INLINE inline __attribute__((always_inline))
#endif

namespace hearken {
namespace {

struct Vec {
  using Register = __m512;
  using Mask = __mmask16;
  static constexpr int kLanes = 16;
  static HEARKEN_INLINE Mask mask(int lanes) { return static_cast<Mask>((1u << lanes) - 1); }
  static HEARKEN_INLINE Register all(float v) { return _mm512_set1_ps(v); }
  static HEARKEN_INLINE Register load(const float* p) { return _mm512_loadu_ps(p); }
  static HEARKEN_INLINE Register load(const float* p, Mask m) { return _mm512_maskz_loadu_ps(m, p); }
  static HEARKEN_INLINE void store(float* p, Register v) { _mm512_storeu_ps(p, v); }
  static HEARKEN_INLINE void store(float* p, Register v, Mask m) { _mm512_mask_storeu_ps(p, m, v); }
  static HEARKEN_INLINE Register multiplyAdd(Register a, Register b, Register c) { return _mm512_fmadd_ps(a, b, c); }
  static HEARKEN_INLINE Register multiply(Register a, Register b) { return _mm512_mul_ps(a, b); }
  static HEARKEN_INLINE Register add(Register a, Register b) { return _mm512_add_ps(a, b); }
  static HEARKEN_INLINE Register subtract(Register a, Register b) { return _mm512_sub_ps(a, b); }
  static HEARKEN_INLINE Register divide(Register a, Register b) { return _mm512_div_ps(a, b); }
  static HEARKEN_INLINE Register min(Register a, Register b) { return _mm512_min_ps(a, b); }
  static HEARKEN_INLINE Register max(Register a, Register b) { return _mm512_max_ps(a, b); }
  static HEARKEN_INLINE Register round(Register v) {
    return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static HEARKEN_INLINE Register scale(Register v, Register power) { return _mm512_scalef_ps(v, power); }
};
// 24 of 32 registers hold sums, three x, one a weight.
constexpr int kRows = 8, kVecs = 3;

#include "diarization/kernels_impl.inc"

}  // namespace

const KernelTable kKernelsAvx512 = {"avx512", multiplyImpl, multiplyRowsImpl, lstmCellImpl};

}  // namespace hearken
#endif
