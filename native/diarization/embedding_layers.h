#pragma once

#include <algorithm>
#include <vector>

#include "diarization/embedding_weights.h"

namespace hearken {

// The steps of CAM++ on plain memory, each the body of a node of the graph. The head works on PhaseLayout's rows,
// [frequency][channel][row]; the trunk on rows of half as many frames, [channel][pitch]. Both hold one or more pieces
// side by side, a tile of four frames free between them; the trunk's columns that belong to no piece hold anything.
struct EmbeddingShape {
  struct Part {
    int tile, frames;
    int column() const { return 2 * tile; }  // of its first half frame
    int halfFrames() const { return (frames + 1) / 2; }
  };
  static int tilesOf(int frames) { return (frames + 3) / 4; }

  std::vector<Part> parts;
  PhaseLayout layout;
  int pitch;

  explicit EmbeddingShape(int tiles = 0) : layout(tiles), pitch(2 * layout.tiles()) {}
  // Tiles taken so far, with the free one behind each part.
  int used() const { return parts.empty() ? 0 : parts.back().tile + tilesOf(parts.back().frames) + 1; }
  void add(int frames);
};

// Floats of scratch that any of these needs for up to `tiles` tiles.
size_t embeddingScratchFloats(int tiles);

// fbank[frames][80] of a part → its place in the bins' rows, its mean over time subtracted.
void arrangeBins(const EmbeddingShape& shape, const EmbeddingShape::Part& part, const float* fbank, float* bins);

// The head's first convolution and the first, frequency halving one of its first residual block; `residual` gets the
// block's shortcut. Done together, row by row, since what lies between them is the largest array of the net.
void runStem(const EmbeddingWeights::Impl& weights, const EmbeddingShape& shape, const float* bins, float* narrow,
             float* residual, float* scratch);

// A stage's frequency halving convolution (`frequencies` counts what comes out) and shortcut.
void runNarrowing(const HeadStage& stage, const EmbeddingShape& shape, const float* in, int frequencies, float* narrow,
                  float* residual, float* scratch);

// A convolution that keeps the frequencies; with `addTo`, into what `out` holds.
void runKeeping(const WinogradConvolution& convolution, const EmbeddingShape& shape, const float* in, int frequencies,
                float* out, bool addTo, float* scratch);

// The head's last, frequency halving convolution.
void runLast(const EmbeddingWeights::Impl& weights, const EmbeddingShape& shape, const float* in, float* out,
             float* scratch);

// The head's 10 frequencies → 128 channels of half as many frames.
void runTdnn(const EmbeddingWeights::Impl& weights, const EmbeddingShape& shape, const float* in, float* out,
             float* scratch);

// Adds the layer's 32 channels behind the `channels` that are there.
void runDenseLayer(const DenseLayer& layer, int dilation, int channels, const EmbeddingShape& shape, float* rows,
                   float* scratch);

// Ends a block: out[transit.rows()] from all its channels.
void runTransit(const DenseBlock& block, Finish finish, const EmbeddingShape& shape, const float* in, float* out,
                float* scratch);

// Mean and standard deviation of the trunk's channels over each part's time, and embeddings[part][192] from them.
void runOutput(const EmbeddingWeights::Impl& weights, const EmbeddingShape& shape, const float* trunk,
               float* embeddings);

}  // namespace hearken
