#pragma once

#include <vector>

namespace hearken {

// Which known voice a speaker is.
struct Match {
  int voice = -1;    // −1: none of them
  double score = 0;  // cosine of the match
};

// Names speakers by known voices: each voice goes to at most one speaker and the other way round, only where their
// cosine reaches the threshold, so that the cosines' surplus over it is greatest in all. Embeddings of
// EmbeddingWeights::kDimensions, of any length; an empty one, or one without direction, matches nothing. One Match a
// speaker.
std::vector<Match> matchVoices(const std::vector<std::vector<float>>& speakers,
                               const std::vector<std::vector<float>>& voices, double threshold);

}  // namespace hearken
