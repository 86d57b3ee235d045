#pragma once

#include <array>
#include <vector>

#include "core/ledger.h"
#include "diarization/embedding.h"
#include "diarization/kernels.h"
#include "diarization/winograd.h"

namespace hearken {

// x · scale + shift, channel by channel: a batch norm that a rectifier follows, so that no convolution can take it in.
struct ScaleShift {
  std::vector<float> scale, shift;
};

// A matrix applied to a single column: [depth][rows], so that a column's sums are adjacent.
struct ColumnMatrix {
  int rows = 0, depth = 0;
  std::vector<float> weights, bias;
};

// One layer of a densely connected block: norm, 128 channels of bottleneck, then 32 more channels for the block, gated
// by what was heard in the whole piece and around.
struct DenseLayer {
  ScaleShift norm;
  PackedMatrix bottleneck, local;
  ColumnMatrix context, gate;
};

struct DenseBlock {
  int dilation = 1;
  std::vector<DenseLayer> layers;
  ScaleShift norm;  // of the transit that ends the block
  PackedMatrix transit;
};

// Two residual blocks of the head; the first halves the frequencies.
struct HeadStage {
  WinogradConvolution narrow, narrow2, keep, keep2;
  PackedMatrix shortcut;
};

struct EmbeddingWeights::Impl {
  static constexpr int kBins = 80, kHead = 32, kTdnn = 128, kGrowth = 32, kBottleneck = 128, kContext = 64;
  static constexpr int kTrunk = 512, kTdnnTaps = 5, kLocalTaps = 3, kSegment = 100;
  static constexpr int kBlocks = 3, kLayers[kBlocks] = {12, 24, 16}, kDilations[kBlocks] = {1, 2, 2};
  static constexpr int kTransits[kBlocks] = {256, 512, kTrunk};  // channels that leave a block
  static constexpr int channelsInto(int block) { return block == 0 ? kTdnn : kTransits[block - 1]; }
  static constexpr int channelsOf(int block) { return channelsInto(block) + kLayers[block] * kGrowth; }
  PackedMatrix input;  // head.conv1
  std::array<HeadStage, 2> head;
  WinogradConvolution last;  // head.conv2
  PackedMatrix tdnn;         // depth [tap][frequency][channel], as the head leaves its rows
  std::array<DenseBlock, kBlocks> blocks;
  std::vector<float> output, outputBias;  // [kDimensions][2 · kTrunk]

  Allocation plain;  // what does not lie in PackedMatrix's buffers, which count themselves

  explicit Impl(const GgufFile& file);
  int64_t bytes() const;
};

}  // namespace hearken
