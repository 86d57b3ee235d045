#include "diarization/segmentation.h"

#include <ggml.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "diarization/graph.h"
#include "diarization/lstm.h"
#include "diarization/segmentation_weights.h"
#include "diarization/sinc_net.h"

namespace hearken {
namespace {

constexpr int kFrames = SegmentationShape::kFrames, kClasses = SegmentationShape::kClasses;
constexpr int kLinear = SegmentationWeights::Impl::kLinear;
constexpr size_t kMaxNodes = 16;
constexpr int kHeadRows = 64;  // rows of the last layers done together, to stay in the cache

void logSoftmax(const float* x, float* out) {
  const float largest = *std::max_element(x, x + kClasses);
  float sum = 0;
  for (int c = 0; c < kClasses; ++c) sum += std::exp(x[c] - largest);
  const float log = largest + std::log(sum);
  for (int c = 0; c < kClasses; ++c) out[c] = x[c] - log;
}

float* floats(ggml_tensor* tensor) {
  return static_cast<float*>(tensor->data);
}

}  // namespace

// A graph of seven nodes of our own: ggml's ops have no recurrence, and would unfold every convolution. Activations lie
// [frame][window][feature], so that all windows of a frame are the rows of one product.
struct SegmentationNet::Impl {
  struct LstmNode {
    Impl* net;
    int layer;
  };

  Impl(std::shared_ptr<const SegmentationWeights> given, int maxWindows, int hopSamples)
      : owner(std::move(given)), weights(owner->impl()), sincNet(weights.sincNet), most(maxWindows), hop(hopSamples) {
    output = build(graph, maxWindows, this);
    graph.allocate();
  }

  // Without a net the graph can be measured, not computed.
  static ggml_tensor* build(Graph& graph, int maxWindows, Impl* net) {
    ggml_context* context = graph.context();
    const int64_t rows = static_cast<int64_t>(kFrames) * maxWindows;
    ggml_tensor* sincScratch =
        ggml_new_tensor_1d(context, GGML_TYPE_F32, static_cast<int64_t>(SincNet::scratchFloats()));
    const size_t shared =
        std::max(lstmScratchFloats(maxWindows), static_cast<size_t>(kHeadRows * (2 * kLinear + kClasses)));
    ggml_tensor* scratch = ggml_new_tensor_1d(context, GGML_TYPE_F32, static_cast<int64_t>(shared));
    ggml_tensor* x = node(context, SincNetWeights::kChannels, rows, {sincScratch}, runSincNet, net);
    for (int layer = 0; layer < SegmentationWeights::Impl::kLayers; ++layer) {
      LstmNode* user = net ? &net->lstmNodes[layer] : nullptr;
      if (user) *user = {net, layer};
      x = node(context, LstmWeights::kOutputs, rows, {x, scratch}, runLstm, user);
    }
    ggml_tensor* output = node(context, kClasses, rows, {x, scratch}, runHead, net);
    ggml_set_output(output);
    graph.add(output);
    return output;
  }

  static ggml_tensor* node(ggml_context* context, int64_t features, int64_t rows,
                           std::initializer_list<ggml_tensor*> in, ggml_custom_op_t operation, void* user) {
    std::vector<ggml_tensor*> arguments(in);
    return ggml_custom_4d(context, GGML_TYPE_F32, features, rows, 1, 1, arguments.data(),
                          static_cast<int>(arguments.size()), operation, 1, user);
  }

  static void runSincNet(ggml_tensor* out, int, int, void* user) {
    auto& net = *static_cast<Impl*>(user);
    net.sincNet.run(net.samples, net.count, net.hop, floats(out->src[0]), floats(out), *net.cancel);
  }

  static void runLstm(ggml_tensor* out, int, int, void* user) {
    const auto& which = *static_cast<const LstmNode*>(user);
    const Impl& net = *which.net;
    bidirectionalLstm(net.weights.lstm[which.layer], floats(out->src[0]), kFrames, net.count, floats(out->src[1]),
                      floats(out), *net.cancel);
  }

  // Writes [window][frame][class], as the caller wants it.
  static void runHead(ggml_tensor* out, int, int, void* user) {
    const Impl& net = *static_cast<const Impl*>(user);
    float* first = floats(out->src[1]);
    float* second = first + kHeadRows * kLinear;
    float* classes = second + kHeadRows * kLinear;
    const auto& linear = net.weights.linear;
    for (int row = 0; row < kFrames * net.count; row += kHeadRows) {
      const int some = std::min(kHeadRows, kFrames * net.count - row);
      const float* x = floats(out->src[0]) + static_cast<ptrdiff_t>(row) * LstmWeights::kOutputs;
      multiplyRows(linear[0], x, LstmWeights::kOutputs, some, first, kLinear, Finish::kLeakyRelu);
      multiplyRows(linear[1], first, kLinear, some, second, kLinear, Finish::kLeakyRelu);
      multiplyRows(linear[2], second, kLinear, some, classes, kClasses);
      for (int i = 0; i < some; ++i) {
        const int frame = (row + i) / net.count, window = (row + i) % net.count;
        logSoftmax(classes + i * kClasses, floats(out) + (static_cast<ptrdiff_t>(window) * kFrames + frame) * kClasses);
      }
    }
  }

  std::shared_ptr<const SegmentationWeights> owner;
  const SegmentationWeights::Impl& weights;
  SincNet sincNet;
  std::array<LstmNode, SegmentationWeights::Impl::kLayers> lstmNodes;
  const int most, hop;
  Graph graph{kMaxNodes};
  ggml_tensor* output = nullptr;
  // Of the run that is on.
  const float* samples = nullptr;
  int count = 0;
  CancelToken* cancel = nullptr;
};

SegmentationNet::SegmentationNet(std::shared_ptr<const SegmentationWeights> weights, int maxWindows, int hop) {
  if (maxWindows < 1 || maxWindows > 64 || hop < SincNetWeights::kStride || hop % SincNetWeights::kStride != 0) {
    throw Error(codes::kInvalidArg, "a segmentation net takes 1 to 64 windows and a hop that is a multiple of " +
                                        std::to_string(SincNetWeights::kStride) + " samples, not " +
                                        std::to_string(maxWindows) + " and " + std::to_string(hop));
  }
  impl_ = std::make_unique<Impl>(std::move(weights), maxWindows, hop);
}

SegmentationNet::~SegmentationNet() = default;
int64_t SegmentationNet::bytes() const {
  return impl_->graph.bytes();
}

int64_t SegmentationNet::bytesFor(int maxWindows) {
  Graph graph(kMaxNodes);
  Impl::build(graph, maxWindows, nullptr);
  return graph.measure();
}

void SegmentationNet::run(const float* samples, int count, float* logProbabilities, CancelToken& cancel) {
  if (count < 1 || count > impl_->most) {
    throw Error(codes::kInvalidArg, "a segmentation net for " + std::to_string(impl_->most) + " windows was given " +
                                        std::to_string(count));
  }
  impl_->samples = samples;
  impl_->count = count;
  impl_->cancel = &cancel;
  impl_->graph.compute(cancel);
  std::copy_n(floats(impl_->output), static_cast<size_t>(count) * kFrames * kClasses, logProbabilities);
}

}  // namespace hearken
