/* Which engines a CPU can run. C, and compiled for the least CPU of each architecture: it runs before anything is known
 * of this one. */
#ifndef HEARKEN_LOADER_CPU_H
#define HEARKEN_LOADER_CPU_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Levels are sets of instructions that engines are compiled for; each has what those below it have
 * (cmake/levels.cmake). On x86-64: baseline (SSE2), sse42 (SSE4.2 and all before it), avx2 (with FMA, F16C, BMI2),
 * avx512 (F, CD, BW, DQ, VL, VNNI, VBMI). On arm64: baseline (ARMv8.0), dotprod (ARMv8.2 with dot products and half
 * precision). Else baseline.
 *
 * Writes the names of those that this CPU has and the operating system saves the registers of, the highest first, and
 * returns how many; `levels` must have room for HEARKEN_MAX_LEVELS.
 */
#define HEARKEN_MAX_LEVELS 4
int hearken_cpu_levels(const char** levels);

/* Whether there is the foundation of AVX-512, as on CPUs that are not of the level avx512 (Skylake-SP, Cascade Lake).
 */
int hearken_cpu_has_avx512f(void);

#ifdef __cplusplus
}
#endif

#endif
