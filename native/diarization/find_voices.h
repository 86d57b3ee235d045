#pragma once

#include "core/cancel.h"
#include "diarization/piece_voices.h"
#include "diarization/voices.h"

namespace hearken {

struct ClusterOptions {
  double threshold = 0.65;  // cosine distance (mean over two clusters) up to which they are one speaker
  int numSpeakers = 0;      // exactly so many; 0: found
  int minSpeakers = 1;      // bounds of what is found
  int maxSpeakers = 20;
  double trainSeconds = 1.0;   // clean speech of the pieces that speakers are found from
  double smoothSeconds = 1.5;  // pieces with less clean speech lean on the mean of their track
  // Up to so many pieces are clustered exactly. More are clustered in blocks first, to groups of very near ones.
  int exactPieces = 8192;
};

// The voices among the pieces; none where no piece has an embedding. Throws Error kAborted, kOutOfMemory.
Voices findVoices(const PieceVoices& pieces, const ClusterOptions& options, CancelToken& cancel);

}  // namespace hearken
