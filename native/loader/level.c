/* Prints the highest level that this CPU can run: cmake/levels.cmake asks, where the build is for this machine. */
#include <stdio.h>

#include "cpu.c"

int main(void) {
  const char* levels[HEARKEN_MAX_LEVELS];
  hearken_cpu_levels(levels);
  fputs(levels[0], stdout);
  return 0;
}
