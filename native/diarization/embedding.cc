#include "diarization/embedding.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "diarization/embedding_layers.h"
#include "diarization/graph.h"
#include "ggml.h"

namespace hearken {
namespace {

using Weights = EmbeddingWeights::Impl;

float* floats(const ggml_tensor* tensor) {
  return static_cast<float*>(tensor->data);
}

constexpr int kMaxNodes = 128;

// The arrays that the net's nodes hand on, which its memory follows from: columns, rows, and how many of them.
struct Array {
  int64_t columns, rows, count;
};

// `stage`: of the two residual stages, a pair of arrays each.
Array headArray(const EmbeddingShape& most, size_t stage) {
  return {most.layout.row(), int64_t{Weights::kBins} / (stage == 0 ? 2 : 4) * Weights::kHead, 2};
}
Array lastArray(const EmbeddingShape& most) {
  return {most.layout.row(), int64_t{Weights::kBins} / 8 * Weights::kHead, 1};
}
// What the trunk's block `index` works on; behind the last one, what it ends with.
Array trunkArray(const EmbeddingShape& most, size_t index) {
  const auto block = static_cast<int>(index);
  return {most.pitch, block < Weights::kBlocks ? Weights::channelsOf(block) : Weights::kTrunk, 1};
}
Array outputArray(int mostFrames) {
  const int parts = EmbeddingShape::tilesOf(mostFrames) / EmbeddingShape::tilesOf(EmbeddingNet::kLeastFrames) + 1;
  return {EmbeddingWeights::kDimensions, parts, 1};
}

size_t scratchBytes(int frames) {
  return embeddingScratchFloats(EmbeddingShape::tilesOf(frames)) * sizeof(float);
}

ggml_tensor* makeInput(Graph& graph, const EmbeddingShape& most) {
  ggml_tensor* bins = ggml_new_tensor_2d(graph.context(), GGML_TYPE_F32, most.layout.row(), Weights::kBins);
  ggml_set_input(bins);
  return bins;
}

ggml_tensor* makeNode(Graph& graph, const Array& array, ggml_tensor* from, ggml_custom_op_t call, void* user) {
  return ggml_custom_4d(graph.context(), GGML_TYPE_F32, array.columns, array.rows, array.count, 1, &from, 1, call, 1,
                        user);
}

}  // namespace

// The graph is built once, for the longest piece; a run sets `shape`, and every node works on as much as that says.
struct EmbeddingNet::Impl {
  // A node's work: reads node->src[…], writes node->data.
  using Body = std::function<void(const Impl&, ggml_tensor* node)>;
  struct Node {
    const Impl* net;
    Body body;
  };

  std::shared_ptr<const EmbeddingWeights> shared;
  const Weights& weights;
  Graph graph{kMaxNodes};
  Buffer scratch;
  std::vector<std::unique_ptr<Node>> nodes;
  ggml_tensor *bins = nullptr, *embeddings = nullptr;
  const int mostFrames;
  const EmbeddingShape most;  // what the graph has room for
  EmbeddingShape shape;       // what is computed now

  Impl(std::shared_ptr<const EmbeddingWeights> given, int frames)
      : shared(std::move(given)),
        weights(shared->impl()),
        scratch(MemoryKind::kDiarization, scratchBytes(frames)),
        mostFrames(frames),
        most(EmbeddingShape::tilesOf(frames)) {
    build();
  }

  void* keep(Body body) {
    nodes.push_back(std::make_unique<Node>(Node{this, std::move(body)}));
    return nodes.back().get();
  }

  static void call(ggml_tensor* node, int, int, void* user) {
    const Node* self = static_cast<const Node*>(user);
    self->body(*self->net, node);
  }

  // A node with memory of its own.
  ggml_tensor* make(const Array& array, ggml_tensor* from, Body body) {
    return makeNode(graph, array, from, call, keep(std::move(body)));
  }

  // A node that works on `tensor` where it lies.
  ggml_tensor* change(ggml_tensor* tensor, Body body) {
    return ggml_custom_inplace(graph.context(), tensor, nullptr, 0, call, 1, keep(std::move(body)));
  }

  size_t runSome(const Piece* pieces, size_t count, CancelToken& cancel);
  void build();
  ggml_tensor* buildStage(size_t index, ggml_tensor* from);
  ggml_tensor* buildBlock(size_t index, ggml_tensor* from);
};

// Two arrays in one tensor: what convolutions hand on, and the sum that goes around them.
ggml_tensor* EmbeddingNet::Impl::buildStage(size_t index, ggml_tensor* from) {
  const int frequencies = Weights::kBins / (index == 0 ? 2 : 4);
  const HeadStage& stage = weights.head[index];
  const auto around = [frequencies](const Impl& net, const ggml_tensor* node) {
    return floats(node) + static_cast<size_t>(frequencies) * Weights::kHead * net.shape.layout.row();
  };
  ggml_tensor* pair = make(headArray(most, index), from, [=, &stage](const Impl& net, ggml_tensor* node) {
    const ggml_tensor* source = node->src[0];
    if (index == 0) {
      runStem(net.weights, net.shape, floats(source), floats(node), around(net, node), net.scratch.floats());
      return;
    }
    const size_t half = size_t{2} * frequencies * Weights::kHead * net.shape.layout.row();
    runNarrowing(stage, net.shape, floats(source) + half, frequencies, floats(node), around(net, node),
                 net.scratch.floats());
  });
  const auto keeping = [&](const WinogradConvolution& convolution, bool back) {
    pair = change(pair, [=, &convolution](const Impl& net, ggml_tensor* node) {
      float *a = floats(node), *b = around(net, node);
      runKeeping(convolution, net.shape, back ? a : b, frequencies, back ? b : a, back, net.scratch.floats());
    });
  };
  keeping(stage.narrow2, true);
  keeping(stage.keep, false);
  keeping(stage.keep2, true);
  return pair;
}

ggml_tensor* EmbeddingNet::Impl::buildBlock(size_t index, ggml_tensor* rows) {
  const DenseBlock& block = weights.blocks[index];
  for (const DenseLayer& layer : block.layers) {
    rows = change(rows, [&layer, &block](const Impl& net, ggml_tensor* node) {
      runDenseLayer(layer, block.dilation, layer.bottleneck.depth(), net.shape, floats(node), net.scratch.floats());
    });
  }
  // The next block's layers go behind what the transit makes.
  const bool last = index + 1 == weights.blocks.size();
  return make(trunkArray(most, index + 1), rows, [&block, last](const Impl& net, ggml_tensor* node) {
    runTransit(block, last ? Finish::kRelu : Finish::kNone, net.shape, floats(node->src[0]), floats(node),
               net.scratch.floats());
  });
}

void EmbeddingNet::Impl::build() {
  bins = makeInput(graph, most);
  ggml_tensor* head = buildStage(1, buildStage(0, bins));
  head = make(lastArray(most), head, [](const Impl& net, ggml_tensor* node) {
    const size_t half = size_t{Weights::kBins} / 4 * Weights::kHead * net.shape.layout.row();
    runLast(net.weights, net.shape, floats(node->src[0]) + half, floats(node), net.scratch.floats());
  });
  ggml_tensor* rows = make(trunkArray(most, 0), head, [](const Impl& net, ggml_tensor* node) {
    runTdnn(net.weights, net.shape, floats(node->src[0]), floats(node), net.scratch.floats());
  });
  for (size_t i = 0; i < weights.blocks.size(); ++i) rows = buildBlock(i, rows);
  embeddings = make(outputArray(mostFrames), rows, [](const Impl& net, ggml_tensor* node) {
    runOutput(net.weights, net.shape, floats(node->src[0]), floats(node));
  });
  ggml_set_output(embeddings);
  graph.add(embeddings);
  graph.allocate();
}

EmbeddingNet::EmbeddingNet(std::shared_ptr<const EmbeddingWeights> weights, int mostFrames) {
  if (mostFrames < kLeastFrames || mostFrames > kLongestFrames) {
    throw Error(codes::kInvalidArg, "an embedding net is made for " + std::to_string(kLeastFrames) + " to " +
                                        std::to_string(kLongestFrames) + " frames, not " + std::to_string(mostFrames));
  }
  impl_ = std::make_unique<Impl>(std::move(weights), mostFrames);
}

EmbeddingNet::~EmbeddingNet() = default;

void EmbeddingNet::run(const Piece* pieces, size_t count, CancelToken& cancel) {
  for (size_t i = 0; i < count; ++i) {
    const int frames = pieces[i].frames;
    if (frames >= kLeastFrames && frames <= impl_->mostFrames) continue;
    throw Error(codes::kInvalidArg, "a voice embedding needs " + std::to_string(kLeastFrames) + " to " +
                                        std::to_string(impl_->mostFrames) + " frames of 10 ms, not " +
                                        std::to_string(frames));
  }
  while (count > 0) {
    const size_t done = impl_->runSome(pieces, count, cancel);
    pieces += done;
    count -= done;
  }
}

// Computes as many of the pieces as there is room for, side by side.
size_t EmbeddingNet::Impl::runSome(const Piece* pieces, size_t count, CancelToken& cancel) {
  const int room = EmbeddingShape::tilesOf(mostFrames);
  size_t taken = 0;
  int tiles = 0;
  while (taken < count) {
    const int after = tiles + (taken > 0 ? 1 : 0) + EmbeddingShape::tilesOf(pieces[taken].frames);
    if (after > room) break;
    tiles = after;
    ++taken;
  }
  shape = EmbeddingShape(tiles);
  std::fill_n(floats(bins), static_cast<size_t>(Weights::kBins) * shape.layout.row(), 0.0f);
  for (size_t i = 0; i < taken; ++i) {
    shape.add(pieces[i].frames);
    arrangeBins(shape, shape.parts.back(), pieces[i].fbank, floats(bins));
  }
  graph.compute(cancel);
  for (size_t i = 0; i < taken; ++i) {
    std::copy_n(floats(embeddings) + i * EmbeddingWeights::kDimensions, EmbeddingWeights::kDimensions,
                pieces[i].embedding);
  }
  return taken;
}

int64_t EmbeddingNet::bytes() const {
  return impl_->graph.bytes() + static_cast<int64_t>(impl_->scratch.size());
}

// The graph of build() without the nodes that work in place, which take nothing.
int64_t EmbeddingNet::bytesFor(int mostFrames) {
  Graph graph(kMaxNodes);
  const EmbeddingShape most(EmbeddingShape::tilesOf(mostFrames));
  ggml_tensor* last = makeInput(graph, most);
  const auto next = [&](const Array& array) { last = makeNode(graph, array, last, Impl::call, nullptr); };
  next(headArray(most, 0));
  next(headArray(most, 1));
  next(lastArray(most));
  for (size_t block = 0; block <= Weights::kBlocks; ++block) next(trunkArray(most, block));
  next(outputArray(mostFrames));
  ggml_set_output(last);
  graph.add(last);
  return graph.measure() + static_cast<int64_t>(scratchBytes(mostFrames));
}

}  // namespace hearken
