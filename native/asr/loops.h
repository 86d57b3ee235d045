#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace hearken {

// A phrase said over and over: `period` words from `first` on, `times` times in a row.
struct Loop {
  size_t first = 0;
  size_t period = 0;
  size_t times = 0;
};

// The first repetition loop in the words (compared without case and punctuation), if any: a phrase of p words repeated
// without a break so often that no speaker would: at least 4 times, and at least 12 words in all beyond the first.
// People do say "no, no, no, no"; a decoder that is stuck says it until its window is full.
std::optional<Loop> findLoop(const std::vector<std::string>& words);

}  // namespace hearken
