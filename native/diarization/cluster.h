#pragma once

#include <vector>

#include "diarization/find_voices.h"
#include "diarization/track_record.h"

namespace hearken {

// Who speaks in each piece. Speakers are numbered in the order of the tree, which means nothing: stitch() renumbers.
struct ClusterResult {
  int speakers = 0;         // 0: no piece has an embedding; the labels are all 0 then
  std::vector<int> labels;  // of each piece of the record
  Voices voices;            // of each speaker
};

// Finds the voices and gives each piece to one. Throws Error kAborted, kOutOfMemory.
ClusterResult cluster(const TrackRecord& record, const ClusterOptions& options, CancelToken& cancel);

}  // namespace hearken
