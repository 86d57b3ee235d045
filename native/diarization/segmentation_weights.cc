#include "diarization/segmentation_weights.h"

#include <cmath>
#include <numeric>
#include <string>
namespace hearken {
namespace {

using Sinc = SincNetWeights;

void loadFilters(const GgufFile& file, Sinc& net) {
  const std::vector<float> filters = file.tensor("sincnet.filters", {Sinc::kFilters, Sinc::kTaps});
  constexpr int kEven = Sinc::kFilters / 2, kHalf = Sinc::kHalf;
  std::vector<float> even, odd;
  for (int f = 0; f < Sinc::kFilters; ++f) {
    const float* middle = filters.data() + f * Sinc::kTaps + kHalf;
    const float sign = f < kEven ? 1.0f : -1.0f;
    float largest = 0, unlike = f < kEven ? 0.0f : std::fabs(*middle);
    for (int j = 1; j <= kHalf; ++j) {
      largest = std::fmax(largest, std::fabs(middle[j]));
      unlike = std::fmax(unlike, std::fabs(middle[j] - sign * middle[-j]));
    }
    if (!(unlike <= 1e-4f * largest)) {
      file.refuse("filter " + std::to_string(f) + " of sincnet.filters is not " + (f < kEven ? "even" : "odd"));
    }
    if (f < kEven) even.insert(even.end(), middle, middle + kHalf + 1);
    if (f >= kEven) odd.insert(odd.end(), middle + 1, middle + kHalf + 1);
    net.filterSum[f] = static_cast<float>(std::accumulate(middle - kHalf, middle + kHalf + 1, 0.0));
  }
  net.even = PackedMatrix(even.data(), kEven, kHalf + 1);
  net.odd = PackedMatrix(odd.data(), Sinc::kFilters - kEven, kHalf);
}

void loadSincNet(const GgufFile& file, Sinc& net) {
  loadFilters(file, net);
  net.waveWeight = file.tensor("sincnet.wav_norm1d.weight", {1})[0];
  net.waveBias = file.tensor("sincnet.wav_norm1d.bias", {1})[0];
  for (int i = 0; i < 3; ++i) {
    const int inputs = i == 1 ? Sinc::kFilters : Sinc::kChannels, channels = i == 0 ? Sinc::kFilters : Sinc::kChannels;
    const std::string norm = "sincnet.norm1d." + std::to_string(i);
    net.normWeight[i] = file.tensor(norm + ".weight", {channels});
    net.normBias[i] = file.tensor(norm + ".bias", {channels});
    if (i == 0) continue;
    const std::string name = "sincnet.conv1d." + std::to_string(i) + ".weight";
    const std::vector<float> weight = file.tensor(name, {channels, inputs, Sinc::kKernel});
    net.convolutions[i - 1] = PackedMatrix(weight.data(), channels, inputs * Sinc::kKernel);
  }
}

void scaleGates(std::vector<float>& weights, int depth) {
  for (int gate = 0; gate < 4; ++gate) {
    float* from = weights.data() + static_cast<size_t>(gate) * LstmWeights::kHidden * depth;
    for (int i = 0; i < LstmWeights::kHidden * depth; ++i) from[i] *= lstmGateScale(gate);
  }
}

void loadLstm(const GgufFile& file, int layer, LstmWeights& lstm) {
  constexpr int kGates = LstmWeights::kGates, kHidden = LstmWeights::kHidden;
  const int inputs = layer == 0 ? Sinc::kChannels : LstmWeights::kOutputs;
  for (int direction = 0; direction < LstmWeights::kDirections; ++direction) {
    const std::string end = "_l" + std::to_string(layer) + (direction ? "_reverse" : "");
    std::vector<float> input = file.tensor("lstm.weight_ih" + end, {kGates, inputs});
    std::vector<float> hidden = file.tensor("lstm.weight_hh" + end, {kGates, kHidden});
    std::vector<float> bias = file.tensor("lstm.bias_ih" + end, {kGates});
    const std::vector<float> second = file.tensor("lstm.bias_hh" + end, {kGates});
    for (int i = 0; i < kGates; ++i) bias[i] += second[i];
    scaleGates(input, inputs);
    scaleGates(hidden, kHidden);
    scaleGates(bias, 1);
    lstm.input[direction] = PackedColumns(input.data(), kGates, inputs, bias.data());
    lstm.hidden[direction] = PackedColumns(hidden.data(), kGates, kHidden);
  }
}

PackedColumns loadLinear(const GgufFile& file, const std::string& name, int outputs, int inputs) {
  const std::vector<float> weight = file.tensor(name + ".weight", {outputs, inputs});
  return PackedColumns(weight.data(), outputs, inputs, file.tensor(name + ".bias", {outputs}).data());
}

}  // namespace

SegmentationWeights::Impl::Impl(const GgufFile& file) {
  file.requireArchitecture("pyannote-segmentation");
  loadSincNet(file, sincNet);
  for (int layer = 0; layer < kLayers; ++layer) loadLstm(file, layer, lstm[layer]);
  linear[0] = loadLinear(file, "linear.0", kLinear, LstmWeights::kOutputs);
  linear[1] = loadLinear(file, "linear.1", kLinear, kLinear);
  linear[2] = loadLinear(file, "classifier", SegmentationShape::kClasses, kLinear);
}

int64_t SegmentationWeights::Impl::bytes() const {
  int64_t sum = sincNet.even.bytes() + sincNet.odd.bytes();
  for (const auto& matrix : sincNet.convolutions) sum += matrix.bytes();
  for (const auto& layer : lstm) {
    for (const auto& matrix : layer.input) sum += matrix.bytes();
    for (const auto& matrix : layer.hidden) sum += matrix.bytes();
  }
  for (const auto& matrix : linear) sum += matrix.bytes();
  return sum;
}

SegmentationWeights::SegmentationWeights(const GgufFile& file) : impl_(std::make_unique<Impl>(file)) {}
SegmentationWeights::~SegmentationWeights() = default;
int64_t SegmentationWeights::bytes() const {
  return impl_->bytes();
}

}  // namespace hearken
