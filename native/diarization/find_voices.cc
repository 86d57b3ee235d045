#include "diarization/find_voices.h"

#include <algorithm>
#include <numeric>

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

// How many merges leave `wanted` clusters at or above the floor, and as few below it as can be. Where there never are
// that many: as many clusters as wanted, whatever their size.
int mergesForNumber(const Dendrogram& tree, const std::vector<double>& weights, double floor, int wanted) {
  std::vector<double> weight = weights;  // of every node
  for (const auto& merge : tree.merges) weight.push_back(weight[merge.left] + weight[merge.right]);
  const auto counts = [&](int node) { return weight[node] >= floor ? 1 : 0; };
  int merges = static_cast<int>(tree.merges.size());
  int clusters = counts(tree.leaves + merges - 1);
  while (clusters < wanted && merges > 0) {
    const auto& undone = tree.merges[--merges];
    clusters += counts(undone.left) + counts(undone.right) - counts(tree.leaves + merges);
  }
  return clusters == wanted && floor > 0 ? merges : tree.mergesTo(wanted);
}

struct Cut {
  std::vector<int> labels;    // of each leaf
  std::vector<int> speakers;  // the labels that are speakers: not below the floor
};

Cut cutAt(const Dendrogram& tree, const std::vector<double>& weights, double floor, int merges) {
  Cut cut;
  cut.labels = cutTree(tree, merges);
  std::vector<double> sizes(tree.leaves - merges);
  for (int leaf = 0; leaf < tree.leaves; ++leaf) sizes[cut.labels[leaf]] += weights[leaf];
  for (size_t label = 0; label < sizes.size(); ++label) {
    if (sizes[label] >= floor) cut.speakers.push_back(static_cast<int>(label));
  }
  if (cut.speakers.empty()) {
    cut.speakers.push_back(static_cast<int>(std::max_element(sizes.begin(), sizes.end()) - sizes.begin()));
  }
  return cut;
}

Cut findSpeakers(const Dendrogram& tree, const std::vector<double>& weights, const ClusterOptions& options) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  const double floor = std::max(options.floorSeconds, options.floorShare * total);
  const auto exactly = [&](int number) {
    const int merges = mergesForNumber(tree, weights, floor, number);
    Cut cut = cutAt(tree, weights, floor, merges);
    // Too little speech for so many: the number that was asked for counts, not the floor.
    return static_cast<int>(cut.speakers.size()) < number ? cutAt(tree, weights, 0, merges) : cut;
  };
  if (options.numSpeakers > 0) return exactly(options.numSpeakers);
  Cut cut = cutAt(tree, weights, floor, tree.mergesWithin(options.threshold));
  const int found = static_cast<int>(cut.speakers.size());
  if (found > options.maxSpeakers) return exactly(options.maxSpeakers);
  if (found < options.minSpeakers) return exactly(options.minSpeakers);
  return cut;
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
  std::vector<double> weights(leaves.groups.size());  // s of clean speech
  for (size_t i = 0; i < train.size(); ++i) weights[leaves.leafOf[i]] += pieces.cleanSeconds(train[i]);
  const Cut cut = findSpeakers(averageLinkage(std::move(leaves.groups), cancel), weights, options);

  // Voices are means weighted by clean speech, taken again from the pieces that are nearest to them.
  const int speakers = static_cast<int>(cut.speakers.size());
  std::vector<int> speakerOf(*std::max_element(cut.labels.begin(), cut.labels.end()) + 1, -1);
  for (int s = 0; s < speakers; ++s) speakerOf[cut.speakers[s]] = s;
  float unit[kDimensions];
  for (int round = 0; round < 3; ++round) {
    std::vector<float> sums(static_cast<size_t>(speakers) * kDimensions);
    for (size_t i = 0; i < train.size(); ++i) {
      pieces.voice(train[i], unit);
      const int speaker = round == 0 ? speakerOf[cut.labels[leaves.leafOf[i]]] : nearestVoice(unit, voices);
      if (speaker >= 0) addScaled(unit, weightOf(pieces, train[i]), &sums[static_cast<size_t>(speaker) * kDimensions]);
    }
    voices = unitVoices(std::move(sums), round > 0 ? &voices : nullptr);
    cancel.throwIfCancelled();
  }
  return voices;
}

}  // namespace hearken
