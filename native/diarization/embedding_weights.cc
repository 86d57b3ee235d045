#include "diarization/embedding_weights.h"

#include <string>

#include "diarization/fbank.h"

namespace hearken {
namespace {

using Impl = EmbeddingWeights::Impl;

// A convolution's or matrix's weights with the batch norm after it taken in: rows scaled, the shift as bias.
struct Folded {
  std::vector<float> weights, bias;
};

Folded folded(const GgufFile& file, const std::string& weights, const std::string& norm,
              const std::vector<int64_t>& shape) {
  Folded result{file.tensor(weights, shape), file.tensor(norm + ".shift", {shape[0]})};
  const std::vector<float> scale = file.tensor(norm + ".scale", {shape[0]});
  const size_t depth = result.weights.size() / scale.size();
  for (size_t i = 0; i < result.weights.size(); ++i) result.weights[i] *= scale[i / depth];
  return result;
}

ScaleShift scaleShift(const GgufFile& file, const std::string& norm, int64_t channels) {
  return {file.tensor(norm + ".scale", {channels}), file.tensor(norm + ".shift", {channels})};
}

// weights[rows][channels][taps] → [rows][taps][channels]: rows of one tap lie together, which a kernel reads better.
std::vector<float> tapsFirst(const std::vector<float>& weights, int rows, int channels, int taps) {
  std::vector<float> turned(weights.size());
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < channels; ++c) {
      for (int t = 0; t < taps; ++t) turned[(r * taps + t) * channels + c] = weights[(r * channels + c) * taps + t];
    }
  }
  return turned;
}

ColumnMatrix columnMatrix(const GgufFile& file, const std::string& name, int rows, int depth) {
  ColumnMatrix result{rows, depth, {}, file.tensor(name + ".bias", {rows})};
  const std::vector<float> weights = file.tensor(name + ".weight", {rows, depth});
  result.weights.resize(weights.size());
  for (int r = 0; r < rows; ++r) {
    for (int k = 0; k < depth; ++k) result.weights[k * rows + r] = weights[r * depth + k];
  }
  return result;
}

PackedMatrix packed(const Folded& matrix) {
  const int rows = static_cast<int>(matrix.bias.size());
  return PackedMatrix(matrix.weights.data(), rows, static_cast<int>(matrix.weights.size()) / rows, matrix.bias.data());
}

WinogradConvolution convolution(const GgufFile& file, const std::string& weights, const std::string& norm, int stride) {
  const Folded taps = folded(file, weights, norm, {Impl::kHead, Impl::kHead, 3, 3});
  return WinogradConvolution(taps.weights.data(), taps.bias.data(), stride);
}

HeadStage headStage(const GgufFile& file, const std::string& name) {
  HeadStage stage;
  stage.narrow = convolution(file, name + ".0.conv1.weight", name + ".0.bn1", 2);
  stage.narrow2 = convolution(file, name + ".0.conv2.weight", name + ".0.bn2", 1);
  stage.keep = convolution(file, name + ".1.conv1.weight", name + ".1.bn1", 1);
  stage.keep2 = convolution(file, name + ".1.conv2.weight", name + ".1.bn2", 1);
  stage.shortcut =
      packed(folded(file, name + ".0.shortcut.0.weight", name + ".0.shortcut.1", {Impl::kHead, Impl::kHead}));
  return stage;
}

DenseLayer denseLayer(const GgufFile& file, const std::string& name, int channels) {
  DenseLayer layer;
  layer.norm = scaleShift(file, name + ".nonlinear1.batchnorm", channels);
  layer.bottleneck =
      packed(folded(file, name + ".linear1.weight", name + ".nonlinear2.batchnorm", {Impl::kBottleneck, channels}));
  const std::vector<float> local = tapsFirst(
      file.tensor(name + ".cam_layer.linear_local.weight", {Impl::kGrowth, Impl::kBottleneck, Impl::kLocalTaps}),
      Impl::kGrowth, Impl::kBottleneck, Impl::kLocalTaps);
  layer.local = PackedMatrix(local.data(), Impl::kGrowth, Impl::kBottleneck * Impl::kLocalTaps);
  layer.context = columnMatrix(file, name + ".cam_layer.linear1", Impl::kContext, Impl::kBottleneck);
  layer.gate = columnMatrix(file, name + ".cam_layer.linear2", Impl::kGrowth, Impl::kContext);
  return layer;
}

// Sums of bytes: in the buffers of packed matrices, and in plain vectors.
struct Bytes {
  int64_t packed = 0, plain = 0;
  Bytes& operator+=(const PackedMatrix& matrix) {
    packed += matrix.bytes();
    return *this;
  }
  Bytes& operator+=(const std::vector<float>& values) {
    plain += static_cast<int64_t>(values.size() * sizeof(float));
    return *this;
  }
  Bytes& operator+=(const ScaleShift& norm) { return *this += norm.scale, *this += norm.shift; }
  Bytes& operator+=(const ColumnMatrix& matrix) { return *this += matrix.weights, *this += matrix.bias; }
  Bytes& operator+=(const WinogradConvolution& convolution) {
    for (const PackedMatrix& product : convolution.products()) *this += product;
    return *this += convolution.bias();
  }
};

Bytes bytesOf(const Impl& net) {
  Bytes sum;
  sum += net.input;
  for (const HeadStage& stage : net.head) {
    for (const auto* convolution : {&stage.narrow, &stage.narrow2, &stage.keep, &stage.keep2}) sum += *convolution;
    sum += stage.shortcut;
  }
  sum += net.last;
  sum += net.tdnn;
  for (const DenseBlock& block : net.blocks) {
    for (const DenseLayer& layer : block.layers) {
      sum += layer.norm;
      sum += layer.bottleneck;
      sum += layer.local;
      sum += layer.context;
      sum += layer.gate;
    }
    sum += block.norm;
    sum += block.transit;
  }
  sum += net.output;
  sum += net.outputBias;
  return sum;
}

// The shapes of the tensors are checked as they are read; this is what they do not show.
void checkShape(const GgufFile& file) {
  file.requireArchitecture("campplus");
  const std::pair<const char*, int64_t> expected[] = {{"sample_rate", 16000},
                                                      {"mel_bins", Impl::kBins},
                                                      {"frame_length", Fbank::kFrame},
                                                      {"frame_shift", Fbank::kShift},
                                                      {"tdnn.stride", 2},
                                                      {"dense.segment_frames", Impl::kSegment},
                                                      {"embedding_length", EmbeddingWeights::kDimensions}};
  for (const auto& [name, value] : expected) {
    const std::string key = std::string("campplus.") + name;
    const int64_t found = file.integer(key);
    if (found != value) file.refuse(key + " is " + std::to_string(found) + ", not " + std::to_string(value));
  }
  const auto differs = [&](const char* key, const int(&wanted)[Impl::kBlocks]) {
    return file.integers(key) != std::vector<int64_t>(wanted, wanted + Impl::kBlocks);
  };
  if (differs("campplus.dense.layers", Impl::kLayers) || differs("campplus.dense.dilations", Impl::kDilations)) {
    file.refuse("its dense blocks are not those of CAM++ zh-en");
  }
}

}  // namespace

EmbeddingWeights::Impl::Impl(const GgufFile& file) {
  checkShape(file);
  const Folded first = folded(file, "head.conv1.weight", "head.bn1", {kHead, 1, 3, 3});
  input = packed(first);
  for (size_t stage = 0; stage < head.size(); ++stage) {
    head[stage] = headStage(file, "head.layer" + std::to_string(stage + 1));
  }
  last = convolution(file, "head.conv2.weight", "head.bn2", 2);

  // The checkpoint counts the head's channels outside, its frequencies inside; here it is the other way round.
  constexpr int kFrequencies = kBins / 8;
  const Folded tdnnTaps =
      folded(file, "tdnn.linear.weight", "tdnn.nonlinear.batchnorm", {kTdnn, kHead * kFrequencies, kTdnnTaps});
  Folded turned{std::vector<float>(tdnnTaps.weights.size()), tdnnTaps.bias};
  size_t to = 0;
  for (int r = 0; r < kTdnn; ++r) {
    for (int t = 0; t < kTdnnTaps; ++t) {
      for (int f = 0; f < kFrequencies; ++f) {
        for (int c = 0; c < kHead; ++c) {
          turned.weights[to++] =
              tdnnTaps.weights[((r * kHead + c) * kFrequencies + f) * static_cast<size_t>(kTdnnTaps) + t];
        }
      }
    }
  }
  tdnn = packed(turned);

  int channels = kTdnn;
  for (size_t b = 0; b < blocks.size(); ++b) {
    DenseBlock& block = blocks[b];
    block.dilation = kDilations[b];
    for (int i = 1; i <= kLayers[b]; ++i) {
      const std::string name = "block" + std::to_string(b + 1) + ".tdnnd" + std::to_string(i);
      block.layers.push_back(denseLayer(file, name, channels));
      channels += kGrowth;
    }
    const std::string name = "transit" + std::to_string(b + 1);
    block.norm = scaleShift(file, name + ".nonlinear.batchnorm", channels);
    const std::string weights = name + ".linear.weight";
    if (b + 1 < blocks.size()) {
      const std::vector<float> matrix = file.tensor(weights, {kTransits[b], channels});
      block.transit = PackedMatrix(matrix.data(), kTransits[b], channels);
    } else {
      block.transit = packed(folded(file, weights, "out_nonlinear.batchnorm", {kTransits[b], channels}));
    }
    channels = kTransits[b];
  }
  Folded dense = folded(file, "dense.linear.weight", "dense.nonlinear.batchnorm", {kDimensions, 2 * kTrunk});
  output = std::move(dense.weights);
  outputBias = std::move(dense.bias);
  plain = Allocation(MemoryKind::kDiarization, bytesOf(*this).plain);
}

int64_t EmbeddingWeights::Impl::bytes() const {
  const Bytes sum = bytesOf(*this);
  return sum.packed + sum.plain;
}

EmbeddingWeights::EmbeddingWeights(const GgufFile& file) : impl_(std::make_unique<Impl>(file)) {}

EmbeddingWeights::~EmbeddingWeights() = default;

int64_t EmbeddingWeights::bytes() const {
  return impl_->bytes();
}

}  // namespace hearken
