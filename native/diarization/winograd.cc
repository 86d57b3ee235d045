#include "diarization/winograd.h"

#include <algorithm>

namespace hearken {
namespace {

constexpr int kLanes = PhaseLayout::kLanes, kTile = 4, kPoints = 6, kTaps = 3;
constexpr int kChannels = WinogradConvolution::kChannels;
// Blocks computed together: what they take (both scratch areas and the weights) has to stay in a core's L2 cache.
constexpr int kBlocks = 6, kColumns = kBlocks * kLanes;
// Floats from one product's matrix to the next, off the powers of two so that they fall into different cache sets.
constexpr size_t kPlane = size_t{kChannels} * kColumns + 16;
constexpr size_t kDeepPlane = kTaps * size_t{kChannels} * kColumns + 16;

// Lavin and Gray's F(4, 3): interpolation at 0, ±1, ±2 and infinity.
constexpr float kFilter[kPoints][kTaps] = {{0.25f, 0, 0},
                                           {-1 / 6.0f, -1 / 6.0f, -1 / 6.0f},
                                           {-1 / 6.0f, 1 / 6.0f, -1 / 6.0f},
                                           {1 / 24.0f, 1 / 12.0f, 1 / 6.0f},
                                           {1 / 24.0f, -1 / 12.0f, 1 / 6.0f},
                                           {0, 0, 1}};

inline void transformInput(const Lanes (&d)[kPoints], Lanes (&out)[kPoints]) {
  const Lanes even = d[4] - 4.0f * d[2], odd = d[3] - 4.0f * d[1];
  const Lanes even2 = d[4] - d[2], odd2 = 2.0f * (d[3] - d[1]);
  out[0] = 4.0f * d[0] - 5.0f * d[2] + d[4];
  out[1] = even + odd;
  out[2] = even - odd;
  out[3] = even2 + odd2;
  out[4] = even2 - odd2;
  out[5] = 4.0f * d[1] - 5.0f * d[3] + d[5];
}

inline void transformOutput(const Lanes (&m)[kPoints], Lanes (&out)[kTile]) {
  const Lanes sum = m[1] + m[2], difference = m[1] - m[2], sum2 = m[3] + m[4], difference2 = m[3] - m[4];
  out[0] = m[0] + sum + sum2;
  out[1] = difference + 2.0f * difference2;
  out[2] = sum + 4.0f * sum2;
  out[3] = difference + 8.0f * difference2 + m[5];
}

// The frames before, of and after a block's tiles of one row.
inline void loadFrames(const PhaseLayout& layout, const float* row, int block, Lanes (&d)[kPoints]) {
  for (int t = 0; t < kPoints; ++t) d[t] = Lanes::load(row + layout.offset(t - 1) + block * kLanes);
}

// Writes four frames of each of a block's tiles of one row.
inline void storeFrames(const PhaseLayout& layout, const Lanes (&values)[kTile], float bias, bool addTo, int block,
                        float* row) {
  for (int phase = 0; phase < kTile; ++phase) {
    float* out = row + layout.offset(phase) + block * kLanes;
    Lanes value = values[phase] + Lanes::all(bias);
    if (addTo) value = Lanes::load(out) + value;
    (Lanes::load(layout.mask.data() + phase * layout.tiles() + block * kLanes) * max(value, Lanes::all(0.0f)))
        .store(out);
    if (block == 0) Lanes::all(0.0f).store(out - kLanes);
  }
}

// Six frequencies' frames → the 36 factors of a square tile, `step` apart.
inline void squareInput(const PhaseLayout& layout, const float* const* rows, size_t channel, int block, float* to,
                        size_t step) {
  Lanes lines[kPoints][kPoints];
  for (int f = 0; f < kPoints; ++f) {
    Lanes d[kPoints];
    loadFrames(layout, rows[f] + channel, block, d);
    transformInput(d, lines[f]);
  }
  for (int t = 0; t < kPoints; ++t) {
    const Lanes d[kPoints] = {lines[0][t], lines[1][t], lines[2][t], lines[3][t], lines[4][t], lines[5][t]};
    Lanes out[kPoints];
    transformInput(d, out);
    for (int f = 0; f < kPoints; ++f) out[f].store(to + static_cast<size_t>(f * kPoints + t) * step);
  }
}

// 36 products of a square tile → four frequencies of four frames; values[frequency][frame].
inline void squareOutput(const float* m, size_t step, Lanes (&values)[kTile][kTile]) {
  Lanes sums[kTile][kPoints];
  for (int t = 0; t < kPoints; ++t) {
    Lanes column[kPoints], out[kTile];
    for (int f = 0; f < kPoints; ++f) column[f] = Lanes::load(m + static_cast<size_t>(f * kPoints + t) * step);
    transformOutput(column, out);
    for (int f = 0; f < kTile; ++f) sums[f][t] = out[f];
  }
  for (int f = 0; f < kTile; ++f) transformOutput(sums[f], values[f]);
}

}  // namespace

WinogradConvolution::WinogradConvolution(const float* weights, const float* bias, int frequencyStride)
    : stride_(frequencyStride), bias_(bias, bias + kChannels) {
  const auto tap = [&](int to, int from, int f, int t) { return weights[((to * kChannels + from) * 3 + f) * 3 + t]; };
  if (stride_ == 1) {
    std::vector<float> matrix(size_t{kChannels} * kChannels);
    for (int a = 0; a < kPoints; ++a) {
      for (int b = 0; b < kPoints; ++b) {
        for (int to = 0; to < kChannels; ++to) {
          for (int from = 0; from < kChannels; ++from) {
            double sum = 0;
            for (int f = 0; f < kTaps; ++f) {
              for (int t = 0; t < kTaps; ++t) sum += double{kFilter[a][f]} * kFilter[b][t] * tap(to, from, f, t);
            }
            matrix[to * kChannels + from] = static_cast<float>(sum);
          }
        }
        products_.emplace_back(matrix.data(), kChannels, kChannels);
      }
    }
    return;
  }
  std::vector<float> matrix(size_t{kChannels} * kTaps * kChannels);
  for (int b = 0; b < kPoints; ++b) {
    for (int to = 0; to < kChannels; ++to) {
      for (int f = 0; f < kTaps; ++f) {
        for (int from = 0; from < kChannels; ++from) {
          double sum = 0;
          for (int t = 0; t < kTaps; ++t) sum += double{kFilter[b][t]} * tap(to, from, f, t);
          matrix[(to * kTaps + f) * kChannels + from] = static_cast<float>(sum);
        }
      }
    }
    products_.emplace_back(matrix.data(), kChannels, kTaps * kChannels);
  }
}

int64_t WinogradConvolution::bytesFor(int frequencyStride) {
  const int64_t products = frequencyStride == 1 ? kPoints * kPoints * PackedMatrix::bytesFor(kChannels, kChannels)
                                                : kPoints * PackedMatrix::bytesFor(kChannels, kTaps * kChannels);
  return products + kChannels * static_cast<int64_t>(sizeof(float));
}

size_t WinogradConvolution::scratchFloats() {
  return 2 * kPoints * kPoints * kPlane;
}

void WinogradConvolution::compute(const PhaseLayout& layout, const float* const* rows, int begin, int end, float* out,
                                  bool addTo, float* scratch) const {
  static_assert(kPoints * kDeepPlane <= kPoints * kPoints * kPlane, "scratch of the strided convolution");
  const bool square = stride_ == 1;
  const int outputs = square ? kTile : 1;  // frequencies of a tile
  const int total = (end - begin) / outputs * layout.blocks;
  const size_t plane = square ? kPlane : kDeepPlane;
  float* const transformed = scratch;
  float* const products = scratch + kPoints * kPoints * kPlane;
  const size_t rowFloats = static_cast<size_t>(layout.row());
  const float* pointers[kTaps * kChannels];

  for (int first = 0; first < total; first += kBlocks) {
    const int blocks = std::min(kBlocks, total - first);
    for (int channel = 0; channel < kChannels; ++channel) {
      for (int i = 0; i < blocks; ++i) {
        const int tile = (first + i) / layout.blocks, block = (first + i) % layout.blocks;
        const float* const* tileRows = rows + tile * outputs * stride_;
        float* to = transformed + static_cast<size_t>(channel) * kColumns + i * kLanes;
        if (square) {
          squareInput(layout, tileRows, channel * rowFloats, block, to, plane);
          continue;
        }
        for (int f = 0; f < kTaps; ++f) {
          Lanes d[kPoints], out[kPoints];
          loadFrames(layout, tileRows[f] + channel * rowFloats, block, d);
          transformInput(d, out);
          for (int p = 0; p < kPoints; ++p) out[p].store(to + p * plane + size_t{kChannels} * f * kColumns);
        }
      }
    }
    for (size_t p = 0; p < products_.size(); ++p) {
      for (int k = 0; k < products_[p].depth(); ++k) pointers[k] = transformed + p * plane + size_t{kColumns} * k;
      multiply(products_[p], pointers, blocks * kLanes, products + p * kPlane, kColumns);
    }
    for (int channel = 0; channel < kChannels; ++channel) {
      for (int i = 0; i < blocks; ++i) {
        const int tile = (first + i) / layout.blocks, block = (first + i) % layout.blocks;
        const float* m = products + static_cast<size_t>(channel) * kColumns + i * kLanes;
        float* row = out + static_cast<size_t>((begin + tile * outputs) * kChannels + channel) * rowFloats;
        if (square) {
          Lanes values[kTile][kTile];
          squareOutput(m, kPlane, values);
          for (int f = 0; f < kTile; ++f) {
            storeFrames(layout, values[f], bias_[channel], addTo, block, row + f * kChannels * rowFloats);
          }
        } else {
          Lanes line[kPoints], values[kTile];
          for (int p = 0; p < kPoints; ++p) line[p] = Lanes::load(m + p * kPlane);
          transformOutput(line, values);
          storeFrames(layout, values, bias_[channel], addTo, block, row);
        }
      }
    }
  }
}

}  // namespace hearken
