#pragma once

#include <vector>

#include "core/buffer.h"
#include "core/cancel.h"

namespace hearken {

// Groups of unit vectors, each as the sum of its vectors and their number. That is all average linkage needs: the mean
// of all cosines between two groups is the product of their sums over the product of their numbers.
struct Groups {
  explicit Groups(size_t capacity);
  size_t size() const { return counts.size(); }
  float* sum(size_t i) const;
  // Adds an empty group; its place.
  size_t append();
  Buffer sums;  // [capacity][EmbeddingWeights::kDimensions]
  std::vector<float> counts;
};

struct Merge {
  int left, right;  // left < right. Leaves are 0 … n − 1, the result of merge k is n + k
  float distance;
};

// The tree of average linkage with the cosine distance: `leaves` − 1 merges, nearest first, equal to SciPy's
// linkage(…, 'average', metric='cosine') but for rounding. Time grows with the square of the leaves, memory with their
// number (nearest-neighbour chain). Takes the groups' memory over. Throws Error kAborted.
struct Dendrogram {
  int leaves = 0;
  std::vector<Merge> merges;

  // How many merges are to be made for: no distance above the threshold; at most this many clusters (where merges at
  // the same distance exist, all or none of them are made: there may be fewer).
  int mergesWithin(double threshold) const;
  int mergesTo(int clusters) const;
};
Dendrogram averageLinkage(Groups groups, CancelToken& cancel);

// The cluster of each leaf once the first `merges` merges are made, numbered from 0 as SciPy's fcluster does (−1).
std::vector<int> cutTree(const Dendrogram& tree, int merges);

}  // namespace hearken
