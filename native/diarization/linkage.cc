#include "diarization/linkage.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "diarization/vectors.h"

namespace hearken {
namespace {

struct Found {
  int a, b;  // a leaf of each side
  float distance;
};

// The chain: each next element is the nearest neighbour of the one before, until two are each other's. These can be
// merged at once, whatever comes nearer elsewhere. Ties go to the element before, then to the lower index, so that the
// chain comes to its end.
std::vector<Found> chainMerges(Groups& groups, CancelToken& cancel) {
  std::vector<Found> merges;
  std::vector<int> alive(groups.size()), chain;
  std::iota(alive.begin(), alive.end(), 0);
  merges.reserve(groups.size());
  while (alive.size() > 1) {
    if (chain.empty()) chain.push_back(alive.front());
    cancel.throwIfCancelled();
    const int x = chain.back();
    const float* sum = groups.sum(x);
    const auto distance = [&](int y) { return 1.0f - dot(sum, groups.sum(y)) / (groups.counts[x] * groups.counts[y]); };
    int nearest = chain.size() > 1 ? chain[chain.size() - 2] : -1;
    float least = nearest >= 0 ? distance(nearest) : std::numeric_limits<float>::infinity();
    for (const int y : alive) {
      if (y == x) continue;
      const float d = distance(y);
      if (d < least || nearest < 0) {
        least = d;
        nearest = y;
      }
    }
    if (chain.size() < 2 || nearest != chain[chain.size() - 2]) {
      chain.push_back(nearest);
      continue;
    }
    chain.resize(chain.size() - 2);
    const int gone = std::min(x, nearest), kept = std::max(x, nearest);
    merges.push_back({gone, kept, least});
    addScaled(groups.sum(gone), 1, groups.sum(kept));
    groups.counts[kept] += groups.counts[gone];
    alive.erase(std::lower_bound(alive.begin(), alive.end(), gone));
  }
  return merges;
}

}  // namespace

Groups::Groups(size_t capacity)
    : sums(MemoryKind::kDiarization, capacity * EmbeddingWeights::kDimensions * sizeof(float)) {
  counts.reserve(capacity);
}

float* Groups::sum(size_t i) const {
  return sums.floats() + i * EmbeddingWeights::kDimensions;
}

size_t Groups::append() {
  counts.push_back(0);
  return counts.size() - 1;
}

Dendrogram averageLinkage(Groups groups, CancelToken& cancel) {
  Dendrogram tree;
  tree.leaves = static_cast<int>(groups.size());
  auto found = chainMerges(groups, cancel);
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.distance < b.distance; });
  // From leaves to the numbers of the clusters they are in by then.
  const int nodes = 2 * tree.leaves;
  std::vector<int> parent(nodes);
  std::iota(parent.begin(), parent.end(), 0);
  const auto root = [&](int node) {
    while (parent[node] != node) node = parent[node] = parent[parent[node]];
    return node;
  };
  int next = tree.leaves;
  for (const auto& merge : found) {
    const int a = root(merge.a), b = root(merge.b);
    tree.merges.push_back({std::min(a, b), std::max(a, b), merge.distance});
    parent[a] = parent[b] = next++;
  }
  return tree;
}

int Dendrogram::mergesWithin(double threshold) const {
  const auto end = std::upper_bound(merges.begin(), merges.end(), threshold,
                                    [](double limit, const Merge& merge) { return limit < merge.distance; });
  return static_cast<int>(end - merges.begin());
}

int Dendrogram::mergesTo(int clusters) const {
  const int needed = leaves - std::max(clusters, 1);
  return needed <= 0 ? 0 : mergesWithin(merges[needed - 1].distance);
}

std::vector<int> cutTree(const Dendrogram& tree, int merges) {
  const int n = tree.leaves;
  std::vector<int> labels(n, 0);
  if (n < 2) return labels;
  // Depth first. A cluster gets its number when the way down enters it; a leaf that is a cluster of its own gets it
  // after the clusters of the other side. An own stack, since trees may be as deep as they have leaves.
  struct Step {
    int node;
    int stage;  // 0: left side next, 1: right side next, 2: its leaves
  };
  int clusters = 0, inside = -1;  // `inside`: the node whose cluster the way is in
  std::vector<Step> way{{n + static_cast<int>(tree.merges.size()) - 1, 0}};
  while (!way.empty()) {
    const auto [node, stage] = way.back();
    const Merge& merge = tree.merges[node - n];
    if (stage == 0 && inside < 0 && node - n < merges) {
      inside = node;
      ++clusters;
    }
    if (stage < 2) {
      ++way.back().stage;
      const int side = stage == 0 ? merge.left : merge.right;
      if (side >= n) way.push_back({side, 0});
      continue;
    }
    for (const int side : {merge.left, merge.right}) {
      if (side < n) labels[side] = inside >= 0 ? clusters - 1 : clusters++;
    }
    if (inside == node) inside = -1;
    way.pop_back();
  }
  return labels;
}

}  // namespace hearken
