#pragma once

#include <cstdint>
#include <functional>
#include <string>

// Makes the allocations of a piece of work fail, one after the other, and holds what comes of it against the contract:
// a typed error (or the right result, where the memory was not needed), nothing kept, and the same call then succeeds.
namespace campaign {

// The work, and its result in words. Called on the same objects with and without failures.
using Work = std::function<std::string()>;

struct Stage {
  const char* name;
  // Makes, in a process of its own, what all points of failure share: returns what makes the work of one point.
  std::function<std::function<Work()>()> open;
  size_t atLeast = 4096;  // bytes; smaller allocations don't fail
  bool threads = false;   // starting threads fails, not memory
  // Points tried: all of them up to this one, then in steps that grow in proportion.
  int64_t everyUpTo = 40;
};

struct Outcome {
  int64_t tried = 0;    // points of failure
  int64_t counted = 0;  // allocations of an undisturbed run
  int64_t broken = 0;   // points that broke the contract; each has been reported
};

// Each point once with one failure, and once with everything failing from there on.
Outcome run(const Stage& stage);

// HEARKEN_LONG=1: all stages, all sizes.
bool isLong();

}  // namespace campaign
