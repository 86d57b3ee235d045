#pragma once

#include <cstdint>
#include <vector>

#include "diarization/cluster.h"
#include "diarization/turns.h"

namespace hearken {

struct Speaker {
  int64_t samples = 0;       // of speech, overlap included
  std::vector<float> voice;  // unit vector, EmbeddingWeights::kDimensions; empty where no piece had an embedding
};

// Who spoke when. Speakers are numbered in order of their first speech; each has at least one turn.
struct Speakers {
  std::vector<Turn> turns;      // by begin; turns of different speakers may overlap
  std::vector<Turn> exclusive;  // by begin, without overlaps: the same speech, one speaker at a time
  std::vector<Speaker> speakers;
};

// The turns of the tracks' pieces; a speaker's pauses up to `pauses` seconds in which nobody else speaks are closed.
constexpr double kClosedPauses = 0.5;
Speakers stitch(const TrackRecord& record, const ClusterResult& clusters, double pauses = kClosedPauses);

}  // namespace hearken
