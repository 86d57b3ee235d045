#pragma once

#include <vector>

#include "core/cancel.h"
#include "diarization/assign.h"
#include "diarization/record.h"
#include "diarization/track_record.h"

namespace hearken {

struct ClusterOptions {
  double threshold = 0.65;  // cosine distance (mean over two clusters) up to which they are one speaker
  int numSpeakers = 0;      // exactly so many; 0: found
  int minSpeakers = 1;      // bounds of what is found
  int maxSpeakers = 20;
  double trainSeconds = 1.0;   // clean speech of the pieces that speakers are found from
  double smoothSeconds = 1.5;  // pieces with less clean speech lean on the mean of their slot
  // A cluster with less clean speech than this many seconds, or this share of all, is no speaker: its pieces go to the
  // others. With a number asked for, the tree is cut where there are that many above the floor, if it can be.
  double floorSeconds = 0;
  double floorShare = 0;
  // Up to so many pieces are clustered exactly. More are clustered in blocks first, to groups of very near ones.
  int exactPieces = 8192;

  // What ../shared/diarization.md's reference pipeline does.
  static ClusterOptions reference() { return {}; }
};

// Who speaks in each piece. Speakers are numbered in the order of the tree, which means nothing: stitch() renumbers.
struct ClusterResult {
  int speakers = 0;         // 0: no piece has an embedding; the labels are all 0 then
  std::vector<int> labels;  // of each piece of the record
  Voices voices;            // of each speaker
};

// The voices among the pieces; none where no piece has an embedding. Throws Error kAborted, kOutOfMemory.
Voices findVoices(const PieceVoices& pieces, const ClusterOptions& options, CancelToken& cancel);

// Finds the voices and gives each piece to one. Throws Error kAborted, kOutOfMemory.
ClusterResult cluster(const TrackRecord& record, const ClusterOptions& options, CancelToken& cancel);
ClusterResult cluster(const Record& record, const ClusterOptions& options, CancelToken& cancel);

}  // namespace hearken
