// Commits the bug that the first argument names: the sanitizer should end this process, or report at its end.
#include <cstdio>

#include "sanitizers/planted_bugs.h"

int main(int argc, char** argv) {
  if (argc == 2 && hearken::plantBug(argv[1])) return 0;
  std::fprintf(stderr, "usage: hearken_planted <bug>; planted_bugs.cc names them\n");
  return 2;
}
