#include "chunk/silero_net.h"

#include <algorithm>
#include <cmath>

namespace hearken {
namespace {

// out[rows][Columns] = weights[rows][depth] * x[depth][Columns] + bias[rows], six rows at a time so that a column block
// is loaded once for all of them. The fixed inner lengths let the compiler keep the sums in vector registers.
template <int Columns, int Rows>
void multiplyRows(const float* weights, int depth, const float* x, const float* bias, float* out) {
  constexpr int kBlock = Columns < 16 ? Columns : 16;
  for (int c = 0; c < Columns; c += kBlock) {
    float sum[Rows][kBlock];
    for (int r = 0; r < Rows; ++r) {
      for (int i = 0; i < kBlock; ++i) sum[r][i] = bias ? bias[r] : 0.0f;
    }
    for (int k = 0; k < depth; ++k) {
      const float* column = x + k * Columns + c;
      for (int r = 0; r < Rows; ++r) {
        const float w = weights[r * depth + k];
        for (int i = 0; i < kBlock; ++i) sum[r][i] += w * column[i];
      }
    }
    for (int r = 0; r < Rows; ++r) {
      for (int i = 0; i < kBlock; ++i) out[r * Columns + c + i] = sum[r][i];
    }
  }
}

template <int Columns>
void multiply(const float* weights, int rows, int depth, const float* x, const float* bias, float* out) {
  constexpr int kTile = 6;
  for (; rows > 0; rows -= kTile) {
    if (rows >= kTile) {
      multiplyRows<Columns, kTile>(weights, depth, x, bias, out);
    } else {
      for (int r = 0; r < rows; ++r) {
        multiplyRows<Columns, 1>(weights + r * depth, depth, x, bias ? bias + r : nullptr, out + r * Columns);
      }
    }
    weights += kTile * depth;
    out += kTile * Columns;
    if (bias) bias += kTile;
  }
}

void rectify(float* values, size_t n) {
  for (size_t i = 0; i < n; ++i) values[i] = std::max(values[i], 0.0f);
}

// The columns of a convolution of 3 taps with padding 1: in[channels][frames * inLength] → out[channels * 3][frames *
// outLength].
void unfold(const float* in, int channels, int frames, int inLength, int stride, int outLength, float* out) {
  for (int c = 0; c < channels; ++c) {
    for (int tap = 0; tap < 3; ++tap) {
      for (int f = 0; f < frames; ++f) {
        for (int t = 0; t < outLength; ++t) {
          const int from = t * stride + tap - 1;
          *out++ = from >= 0 && from < inLength ? in[(c * frames + f) * inLength + from] : 0.0f;
        }
      }
    }
  }
}

float sigmoid(float x) {
  return 1.0f / (1.0f + std::exp(-x));
}

}  // namespace

SileroNet::SileroNet(std::shared_ptr<const SileroWeights> weights) : weights_(std::move(weights)) {
  constexpr int kHidden = SileroWeights::kHidden, kGates = SileroWeights::kGates;
  hiddenTransposed_.resize(kHidden * kGates);
  for (int g = 0; g < kGates; ++g) {
    for (int h = 0; h < kHidden; ++h) hiddenTransposed_[h * kGates + g] = weights_->hiddenWeight[g * kHidden + h];
  }
  x_.resize(kColumns);
  y_.resize(kOutputs);
  gates_.resize(kGates * kBatch);
  hidden_.resize(kHidden);
  cell_.resize(kHidden);
  memory_ = Allocation(MemoryKind::kStates, bytes());
}

int64_t SileroNet::bytes() {
  constexpr int kHidden = SileroWeights::kHidden, kGates = SileroWeights::kGates;
  constexpr size_t kFloats = kHidden * kGates + kColumns + kOutputs + kGates * kBatch + 2 * kHidden;
  return static_cast<int64_t>(kFloats * sizeof(float));
}

void SileroNet::reset() {
  std::fill(hidden_.begin(), hidden_.end(), 0.0f);
  std::fill(cell_.begin(), cell_.end(), 0.0f);
}

// From samples to the input's share of the LSTM's gates, for kBatch frames of which the first `frames` are real.
void SileroNet::encode(const float* inputs, int frames) {
  const SileroWeights& w = *weights_;
  constexpr int kColumns = 4 * kBatch, kHop = 128, kBins = SileroWeights::kBins;
  for (int i = 0; i < SileroWeights::kBasis; ++i) {
    for (int f = 0; f < kBatch; ++f) {
      for (int t = 0; t < 4; ++t) {
        x_[i * kColumns + f * 4 + t] = f < frames ? inputs[f * kInput + t * kHop + i] : 0.0f;
      }
    }
  }
  multiply<kColumns>(w.basis.data(), 2 * kBins, SileroWeights::kBasis, x_.data(), nullptr, y_.data());
  for (int i = 0; i < kBins * kColumns; ++i) {
    const float real = y_[i], imaginary = y_[kBins * kColumns + i];
    y_[i] = std::sqrt(real * real + imaginary * imaginary);
  }
  unfold(y_.data(), 129, kBatch, 4, 1, 4, x_.data());
  multiply<4 * kBatch>(w.weight[0].data(), 128, 129 * 3, x_.data(), w.bias[0].data(), y_.data());
  rectify(y_.data(), 128 * 4 * kBatch);
  unfold(y_.data(), 128, kBatch, 4, 2, 2, x_.data());
  multiply<2 * kBatch>(w.weight[1].data(), 64, 128 * 3, x_.data(), w.bias[1].data(), y_.data());
  rectify(y_.data(), 64 * 2 * kBatch);
  unfold(y_.data(), 64, kBatch, 2, 2, 1, x_.data());
  multiply<kBatch>(w.weight[2].data(), 64, 64 * 3, x_.data(), w.bias[2].data(), y_.data());
  rectify(y_.data(), 64 * kBatch);
  unfold(y_.data(), 64, kBatch, 1, 1, 1, x_.data());
  multiply<kBatch>(w.weight[3].data(), 128, 64 * 3, x_.data(), w.bias[3].data(), y_.data());
  rectify(y_.data(), 128 * kBatch);
  multiply<kBatch>(w.inputWeight.data(), SileroWeights::kGates, 128, y_.data(), w.inputBias.data(), gates_.data());
}

// One step of the LSTM, and the probability that it gives.
float SileroNet::step(int frame) {
  constexpr int kHidden = SileroWeights::kHidden, kGates = SileroWeights::kGates, kBlock = 64;
  float gates[kGates];
  for (int from = 0; from < kGates; from += kBlock) {
    float sum[kBlock];
    for (int i = 0; i < kBlock; ++i) sum[i] = gates_[(from + i) * kBatch + frame] + weights_->hiddenBias[from + i];
    for (int h = 0; h < kHidden; ++h) {
      const float value = hidden_[h];
      const float* row = hiddenTransposed_.data() + h * kGates + from;
      for (int i = 0; i < kBlock; ++i) sum[i] += value * row[i];
    }
    std::copy(sum, sum + kBlock, gates + from);
  }
  float logit = weights_->outBias;
  for (int h = 0; h < kHidden; ++h) {
    const float in = sigmoid(gates[h]), forget = sigmoid(gates[kHidden + h]);
    const float candidate = std::tanh(gates[2 * kHidden + h]), output = sigmoid(gates[3 * kHidden + h]);
    cell_[h] = forget * cell_[h] + in * candidate;
    hidden_[h] = output * std::tanh(cell_[h]);
    logit += weights_->outWeight[h] * std::max(hidden_[h], 0.0f);
  }
  return sigmoid(logit);
}

void SileroNet::run(const float* inputs, size_t frames, float* out) {
  for (size_t done = 0; done < frames; done += kBatch) {
    const int n = static_cast<int>(std::min<size_t>(kBatch, frames - done));
    encode(inputs + done * kInput, n);
    for (int f = 0; f < n; ++f) out[done + f] = step(f);
  }
}

}  // namespace hearken
