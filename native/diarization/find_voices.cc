#include "diarization/find_voices.h"

#include <algorithm>

#include "diarization/groups.h"
#include "diarization/vectors.h"

namespace hearken {
namespace {

constexpr int kDimensions = EmbeddingWeights::kDimensions;
// Share of the threshold up to which neighbours are grouped before the tree of a long file is built.
constexpr double kNear = 0.6;

// The pieces that speakers are found from.
std::vector<uint32_t> trainPieces(const PieceVoices& pieces, double seconds) {
  std::vector<uint32_t> voiced, train;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (!pieces.voiced(i)) continue;
    voiced.push_back(static_cast<uint32_t>(i));
    if (pieces.cleanSeconds(i) >= seconds) train.push_back(static_cast<uint32_t>(i));
  }
  if (train.size() >= 2) return train;
  // Hardly anything: the five best there are.
  std::stable_sort(voiced.begin(), voiced.end(),
                   [&](uint32_t a, uint32_t b) { return pieces.clean(a) > pieces.clean(b); });
  if (voiced.size() > 5) voiced.resize(5);
  return voiced;
}

float weightOf(const PieceVoices& pieces, uint32_t piece) {
  return static_cast<float>(std::max(pieces.clean(piece), 1));  // never nothing: a centroid needs a direction
}

// How many of the tree's merges are within speakers.
int mergesFor(const Dendrogram& tree, const ClusterOptions& options) {
  if (options.numSpeakers > 0) return tree.mergesTo(options.numSpeakers);
  const int merges = tree.mergesWithin(options.threshold), found = tree.leaves - merges;
  if (found > options.maxSpeakers) return tree.mergesTo(options.maxSpeakers);
  if (found < options.minSpeakers) return tree.mergesTo(options.minSpeakers);
  return merges;
}

int nearestVoice(const float* unit, const Voices& voices) {
  int nearest = 0;
  float most = dot(unit, voices[0]);
  for (int v = 1; v < voices.count(); ++v) {
    const float score = dot(unit, voices[v]);
    if (score > most) {
      most = score;
      nearest = v;
    }
  }
  return nearest;
}

Voices unitVoices(std::vector<float> sums, const Voices* before) {
  Voices voices{std::move(sums)};
  for (int v = 0; v < voices.count(); ++v) {
    if (!toUnit(voices[v]) && before) std::copy((*before)[v], (*before)[v] + kDimensions, voices[v]);
  }
  return voices;
}

}  // namespace

Voices findVoices(const PieceVoices& pieces, const ClusterOptions& options, CancelToken& cancel) {
  Voices voices;
  const auto train = trainPieces(pieces, options.trainSeconds);
  if (train.empty()) return voices;

  Leaves leaves = gatherLeaves(pieces, train, static_cast<size_t>(std::max(options.exactPieces, 2)),
                               kNear * options.threshold, cancel);
  const Dendrogram tree = averageLinkage(std::move(leaves.groups), cancel);
  const std::vector<int> speakerOf = cutTree(tree, mergesFor(tree, options));  // of each leaf

  // Voices are means weighted by clean speech, taken again from the pieces that are nearest to them.
  const int speakers = *std::max_element(speakerOf.begin(), speakerOf.end()) + 1;
  float unit[kDimensions];
  for (int round = 0; round < 3; ++round) {
    std::vector<float> sums(static_cast<size_t>(speakers) * kDimensions);
    for (size_t i = 0; i < train.size(); ++i) {
      pieces.voice(train[i], unit);
      const int speaker = round == 0 ? speakerOf[leaves.leafOf[i]] : nearestVoice(unit, voices);
      addScaled(unit, weightOf(pieces, train[i]), &sums[static_cast<size_t>(speaker) * kDimensions]);
    }
    voices = unitVoices(std::move(sums), round > 0 ? &voices : nullptr);
    cancel.throwIfCancelled();
  }
  return voices;
}

}  // namespace hearken
