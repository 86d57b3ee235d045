#pragma once

#include <cstdint>
#include <vector>

#include "diarization/linkage.h"
#include "diarization/piece_voices.h"

namespace hearken {

// Pieces as the leaves of a tree to be built: one each, or, where there are more than `limit`, groups of very near
// ones.
struct Leaves {
  Groups groups;
  std::vector<int> leafOf;  // of each piece
};

// Groups come from average linkage within blocks of neighbours, stopped at the distance `near` (or where a quarter is
// left: so the cost stays bounded whatever the audio). A tree above them is the plain tree as far as its merges below
// `near` lie within blocks. Time is then in proportion to the pieces, plus the square of `limit`.
Leaves gatherLeaves(const PieceVoices& voices, const std::vector<uint32_t>& pieces, size_t limit, double near,
                    CancelToken& cancel);

}  // namespace hearken
