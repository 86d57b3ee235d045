// Compiled with AVX2 and FMA enabled; called only where the CPU has them. No header with inline functions: see
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
  using Register = __m256;
  using Mask = __m256i;
  static constexpr int kLanes = 8;
  static HEARKEN_INLINE Mask mask(int lanes) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static HEARKEN_INLINE Register all(float v) { return _mm256_set1_ps(v); }
  static HEARKEN_INLINE Register load(const float* p) { return _mm256_loadu_ps(p); }
  static HEARKEN_INLINE Register load(const float* p, Mask m) { return _mm256_maskload_ps(p, m); }
  static HEARKEN_INLINE void store(float* p, Register v) { _mm256_storeu_ps(p, v); }
  static HEARKEN_INLINE void store(float* p, Register v, Mask m) { _mm256_maskstore_ps(p, m, v); }
  static HEARKEN_INLINE Register multiplyAdd(Register a, Register b, Register c) { return _mm256_fmadd_ps(a, b, c); }
  static HEARKEN_INLINE Register multiply(Register a, Register b) { return _mm256_mul_ps(a, b); }
  static HEARKEN_INLINE Register add(Register a, Register b) { return _mm256_add_ps(a, b); }
  static HEARKEN_INLINE Register subtract(Register a, Register b) { return _mm256_sub_ps(a, b); }
  static HEARKEN_INLINE Register divide(Register a, Register b) { return _mm256_div_ps(a, b); }
  static HEARKEN_INLINE Register min(Register a, Register b) { return _mm256_min_ps(a, b); }
  static HEARKEN_INLINE Register max(Register a, Register b) { return _mm256_max_ps(a, b); }
  static HEARKEN_INLINE Register round(Register v) {
    return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static HEARKEN_INLINE Register scale(Register v, Register power) {
    const __m256i bits = _mm256_slli_epi32(_mm256_cvtps_epi32(power), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(v), bits));
  }
};
// 12 of 16 registers hold sums, three x, one a weight.
constexpr int kRows = 4, kVecs = 3;

#include "diarization/kernels_impl.inc"

}  // namespace

const KernelTable kKernelsAvx2 = {"avx2", multiplyImpl, multiplyRowsImpl, lstmCellImpl};

}  // namespace hearken
#endif
