#pragma once

#include <cstdint>
#include <vector>

namespace hearken {

struct Turn {
  int64_t begin = 0, end = 0;  // samples
  int speaker = 0;
};

// By begin, then end, then speaker.
void sortTurns(std::vector<Turn>& turns);

// Sorted turns of which each speaker's do not overlap. Closes a speaker's pauses up to `samples` in which nobody else
// speaks.
std::vector<Turn> closePauses(const std::vector<Turn>& turns, int64_t samples);

// The same speech, one speaker at a time: who has the floor keeps it while speaking, and then it goes to who began
// first of those who speak (of equals, to who speaks longest).
std::vector<Turn> exclusiveTurns(const std::vector<Turn>& turns);

}  // namespace hearken
