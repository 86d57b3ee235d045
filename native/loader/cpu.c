#include "loader/cpu.h"

#if defined(__x86_64__) || defined(_M_X64)

#ifdef _MSC_VER
#include <intrin.h>
static void cpuid(int leaf, unsigned r[4]) {
  __cpuidex((int*)r, leaf, 0);
}
static unsigned long long enabledState(void) {
  return _xgetbv(0);
}
#else
#include <cpuid.h>
static void cpuid(int leaf, unsigned r[4]) {
  __cpuid_count(leaf, 0, r[0], r[1], r[2], r[3]);
}
static unsigned long long enabledState(void) {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0)); /* without the flags that its intrinsic asks for */
  return (unsigned long long)high << 32 | low;
}
#endif

static int all(unsigned word, unsigned bits) {
  return (word & bits) == bits;
}
#define BIT(n) (1u << (n))

/* Intel, Software Developer's Manual, volume 2, CPUID; volume 1, 14.3, 14.5 and 15.2 on what to check, in which order.
 */
int hearken_cpu_levels(const char** levels) {
  enum { EAX, EBX, ECX };
  const unsigned sse42 = BIT(0) | BIT(9) | BIT(19) | BIT(20) | BIT(23); /* SSE3, SSSE3, SSE4.1, SSE4.2, POPCNT */
  const unsigned osxsave = BIT(27), avx = BIT(28), fma = BIT(12), f16c = BIT(29);
  const unsigned avx2 = BIT(5) | BIT(8);                                   /* AVX2, BMI2 */
  const unsigned avx512 = BIT(16) | BIT(17) | BIT(28) | BIT(30) | BIT(31); /* F, DQ, CD, BW, VL */
  const unsigned avx512more = BIT(1) | BIT(11);                            /* VBMI, VNNI */
  unsigned leaf0[4], leaf1[4], leaf7[4] = {0, 0, 0, 0};
  unsigned long long state = 0;
  int has[3] = {0, 0, 0}, count = 0;

  cpuid(0, leaf0);
  cpuid(1, leaf1);
  if (leaf0[EAX] >= 7) cpuid(7, leaf7);
  if (all(leaf1[ECX], osxsave)) state = enabledState();

  has[0] = all(leaf1[ECX], sse42);
  has[1] = has[0] && all(leaf1[ECX], osxsave | avx | fma | f16c) && all(leaf7[EBX], avx2) && (state & 0x6) == 0x6;
  /* macOS switches these registers on at their first use, so they look unsaved there and are left alone. */
  has[2] = has[1] && all(leaf7[EBX], avx512) && all(leaf7[ECX], avx512more) && (state & 0xe6) == 0xe6;
  if (has[2]) levels[count++] = "avx512";
  if (has[1]) levels[count++] = "avx2";
  if (has[0]) levels[count++] = "sse42";
  levels[count++] = "baseline";
  return count;
}

int hearken_cpu_has_avx512f(void) {
  unsigned leaf0[4], leaf1[4], leaf7[4];
  cpuid(0, leaf0);
  cpuid(1, leaf1);
  if (leaf0[0] < 7 || !all(leaf1[2], BIT(27))) return 0;
  cpuid(7, leaf7);
  return all(leaf7[1], BIT(16)) && (enabledState() & 0xe6) == 0xe6;
}

#elif defined(__aarch64__) && defined(__linux__)

#include <sys/auxv.h>

/* Linux, Documentation/arch/arm64/elf_hwcaps.rst */
int hearken_cpu_levels(const char** levels) {
  const unsigned long half = 1ul << 9 | 1ul << 10, dotprod = 1ul << 20; /* FPHP, ASIMDHP; ASIMDDP */
  const unsigned long has = getauxval(AT_HWCAP);
  int count = 0;
  if ((has & (half | dotprod)) == (half | dotprod)) levels[count++] = "dotprod";
  levels[count++] = "baseline";
  return count;
}

#elif defined(__aarch64__) && defined(__APPLE__)

/* Every Mac with such a CPU has them. */
int hearken_cpu_levels(const char** levels) {
  levels[0] = "dotprod";
  levels[1] = "baseline";
  return 2;
}

#else

int hearken_cpu_levels(const char** levels) {
  levels[0] = "baseline";
  return 1;
}

#endif

#if !defined(__x86_64__) && !defined(_M_X64)
int hearken_cpu_has_avx512f(void) {
  return 0;
}
#endif
