#include "diarization/groups.h"

#include <algorithm>
#include <functional>

#include "diarization/vectors.h"

namespace hearken {
namespace {

constexpr size_t kBlock = 1024;

// Adds item i's sum and count to a group.
using AddItem = std::function<void(size_t item, float* sum, float& count)>;

// One level: items in blocks, each block's clusters become a group.
Leaves groupInBlocks(size_t items, const AddItem& add, double near, CancelToken& cancel) {
  const size_t blocks = (items + kBlock - 1) / kBlock;
  Leaves leaves{Groups(items / 4 + blocks), std::vector<int>(items)};
  for (size_t begin = 0; begin < items; begin += kBlock) {
    const size_t n = std::min(kBlock, items - begin);
    Groups block(n);
    for (size_t i = 0; i < n; ++i) {
      block.append();
      add(begin + i, block.sum(i), block.counts[i]);
    }
    const Dendrogram tree = averageLinkage(std::move(block), cancel);
    const int most = std::max<int>(1, static_cast<int>(n / 4));
    const auto labels = cutTree(tree, std::max(tree.mergesWithin(near), tree.leaves - most));
    const size_t first = leaves.groups.size();
    for (size_t i = 0; i < n; ++i) {
      const size_t group = first + static_cast<size_t>(labels[i]);
      while (leaves.groups.size() <= group) leaves.groups.append();
      add(begin + i, leaves.groups.sum(group), leaves.groups.counts[group]);
      leaves.leafOf[begin + i] = static_cast<int>(group);
    }
  }
  return leaves;
}

}  // namespace

Leaves gatherLeaves(const PieceVoices& voices, const std::vector<uint32_t>& pieces, size_t limit, double near,
                    CancelToken& cancel) {
  const AddItem addPiece = [&](size_t i, float* sum, float& count) {
    float unit[EmbeddingWeights::kDimensions];
    voices.voice(pieces[i], unit);
    addScaled(unit, 1, sum);
    count += 1;
  };
  if (pieces.size() <= limit) {
    Leaves leaves{Groups(pieces.size()), std::vector<int>(pieces.size())};
    for (size_t i = 0; i < pieces.size(); ++i) {
      leaves.leafOf[i] = static_cast<int>(leaves.groups.append());
      addPiece(i, leaves.groups.sum(i), leaves.groups.counts[i]);
    }
    return leaves;
  }
  Leaves leaves = groupInBlocks(pieces.size(), addPiece, near, cancel);
  while (leaves.groups.size() > limit) {
    const Groups& lower = leaves.groups;
    const AddItem addGroup = [&](size_t i, float* sum, float& count) {
      addScaled(lower.sum(i), 1, sum);
      count += lower.counts[i];
    };
    Leaves upper = groupInBlocks(lower.size(), addGroup, near, cancel);
    for (int& leaf : leaves.leafOf) leaf = upper.leafOf[leaf];
    leaves.groups = std::move(upper.groups);
  }
  return leaves;
}

}  // namespace hearken
