#include "diarization/sinc_net.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace hearken {
namespace {

using W = SincNetWeights;
constexpr int kWindow = SegmentationShape::kWindow, kFrames = SegmentationShape::kFrames;
constexpr int kFilters = W::kFilters, kEven = kFilters / 2, kChannels = W::kChannels, kHalf = W::kHalf;
constexpr int kPool = W::kPool, kKernel = W::kKernel, kStride = W::kStride;

// Columns of each stage in a window: after pooling the sinc convolution, convolution 1, convolution 2.
constexpr int kPooled0 = ((kWindow - W::kTaps) / kStride + 1) / kPool;
constexpr int kPooled1 = (kPooled0 - kKernel + 1) / kPool;
constexpr int kPooled2 = (kPooled1 - kKernel + 1) / kPool;
static_assert(kPooled2 == kFrames, "the net's frames");

// The pitch of rows that a convolution reads: an odd number of cache lines, so that rows do not fight for the same
// ones.
constexpr int pitch(int columns) {
  return ((columns + 15) / 16 | 1) * 16;
}

// The sinc convolution's columns lie in kPool phases (column c in phase c % kPool at c / kPool), so that pooling three
// neighbours takes the maximum of three rows. It is computed in tiles of kTile columns a phase; the ring holds as many
// tiles as a window can touch.
constexpr int kTile = 96, kTiles = (kPooled0 + 1 + kTile - 1) / kTile + 1, kRing = kTiles * kTile;
// Samples in phases, too: sample s in phase s % kSamplePhases at s / kSamplePhases; a tile reads a little further than
// its columns.
constexpr int kSamplePhases = kStride * kPool;
constexpr int kPhaseLength = kTile + (2 * kHalf + (kPool - 1) * kStride) / kSamplePhases + 1;
constexpr int kPhasePitch = pitch(kPhaseLength), kFoldPitch = pitch(kTile);

constexpr int kBlock = 432;  // columns of a convolution between pooling: a multiple of kPool and of the kernels' tiles
constexpr int kBlockPitch = pitch(kBlock);

constexpr int kLanes = 16;

// Sums in kLanes strands, which a compiler can keep in vector registers.
template <class Term>
float sum(int n, Term term) {
  float strands[kLanes] = {};
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) strands[l] += term(i + l);
  }
  double total = 0;
  for (; i < n; ++i) total += term(i);
  for (float strand : strands) total += strand;
  return static_cast<float>(total);
}

struct Moments {
  float mean, deviation;
};

Moments moments(const float* x, int n) {
  const float mean = sum(n, [=](int i) { return x[i]; }) / static_cast<float>(n);
  const float variance = sum(n, [=](int i) { return (x[i] - mean) * (x[i] - mean); }) / static_cast<float>(n);
  return {mean, std::sqrt(variance + W::kEpsilon)};
}

// InstanceNorm and LeakyReLU of a channel.
void normalise(float* x, int n, float weight, float bias) {
  const Moments m = moments(x, n);
  const float scale = weight / m.deviation, shift = bias - m.mean * scale;
  for (int i = 0; i < n; ++i) {
    const float y = x[i] * scale + shift;
    x[i] = y > 0.01f * y ? y : 0.01f * y;
  }
}

inline float larger(float a, float b) {
  return a > b ? a : b;
}

}  // namespace

struct SincNet::Scratch {
  static constexpr size_t kSizes[] = {
      static_cast<size_t>(kFilters) * kPool * kRing,    static_cast<size_t>(kSamplePhases) * kPhasePitch,
      static_cast<size_t>(kHalf + 1) * kFoldPitch,      static_cast<size_t>(kFilters) * pitch(kPooled0),
      static_cast<size_t>(kChannels) * kBlockPitch,     static_cast<size_t>(kChannels) * pitch(kPooled1),
      static_cast<size_t>(kChannels) * pitch(kPooled2),
  };
  float* ring;     // [filter][phase][kRing]
  float* phases;   // [kSamplePhases][kPhasePitch]: a tile's samples
  float* fold;     // [kHalf + 1][kFoldPitch]
  float* pooled0;  // [filter][pitch]
  float* block;    // [channel][kBlockPitch]
  float* pooled1;  // [channel][pitch]
  float* pooled2;

  explicit Scratch(float* at) {
    float** parts[] = {&ring, &phases, &fold, &pooled0, &block, &pooled1, &pooled2};
    for (size_t i = 0; i < std::size(parts); ++i) {
      *parts[i] = at;
      at += kSizes[i];
    }
  }
};

size_t SincNet::scratchFloats() {
  return std::accumulate(std::begin(Scratch::kSizes), std::end(Scratch::kSizes), size_t{0});
}

void SincNet::convolveTile(const Scratch& scratch, const float* samples, int64_t length, int64_t tile) const {
  const int64_t first = tile * kTile * kSamplePhases;
  const int64_t there = std::min<int64_t>(length - first, kPhaseLength * kSamplePhases);
  for (int p = 0; p < kSamplePhases; ++p) {
    float* phase = scratch.phases + p * kPhasePitch;
    const int known = static_cast<int>(std::max<int64_t>(0, (there - p + kSamplePhases - 1) / kSamplePhases));
    for (int i = 0; i < known; ++i) phase[i] = samples[first + i * kSamplePhases + p];
    std::fill(phase + known, phase + kPhaseLength, 0.0f);
  }
  const auto samplesAt = [&](int offset) {
    return scratch.phases + offset % kSamplePhases * kPhasePitch + offset / kSamplePhases;
  };
  const float* rows[kHalf + 1];
  for (int j = 0; j <= kHalf; ++j) rows[j] = scratch.fold + j * kFoldPitch;
  const int64_t column = tile % kTiles * kTile;
  constexpr ptrdiff_t kFilterPitch = kPool * kRing;
  for (int p = 0; p < kPool; ++p) {
    float* out = scratch.ring + p * kRing + column;
    const int middle = p * kStride + kHalf;
    for (int j = 0; j <= kHalf; ++j) {
      const float *after = samplesAt(middle + j), *before = samplesAt(middle - j);
      float* row = scratch.fold + j * kFoldPitch;
      if (j == 0) {
        std::copy_n(after, kTile, row);
      } else {
        for (int i = 0; i < kTile; ++i) row[i] = after[i] + before[i];
      }
    }
    multiply(weights_.even, rows, kTile, out, kFilterPitch);
    for (int j = 1; j <= kHalf; ++j) {
      const float *after = samplesAt(middle + j), *before = samplesAt(middle - j);
      float* row = scratch.fold + j * kFoldPitch;
      for (int i = 0; i < kTile; ++i) row[i] = after[i] - before[i];
    }
    multiply(weights_.odd, rows + 1, kTile, out + kEven * kFilterPitch, kFilterPitch);
  }
}

// A window's share of the ring, from column `frame` on, with the wave's normalisation done after the fact, pooled and
// normalised again.
void SincNet::normaliseWave(const Scratch& scratch, const float* window, int64_t frame) const {
  const Moments wave = moments(window, kWindow);
  const float scale = weights_.waveWeight / wave.deviation, offset = weights_.waveBias - wave.mean * scale;
  for (int f = 0; f < kFilters; ++f) {
    const float shift = offset * weights_.filterSum[f];
    const float* ring = scratch.ring + static_cast<ptrdiff_t>(f) * kPool * kRing;
    float* out = scratch.pooled0 + static_cast<ptrdiff_t>(f) * pitch(kPooled0);
    for (int n = 0; n < kPooled0;) {
      const float* from[kPool];
      int run = kPooled0 - n;  // up to where one of the three rows comes to the ring's end
      for (int q = 0; q < kPool; ++q) {
        const int64_t column = frame + q;
        const int at = static_cast<int>((column / kPool + n) % kRing);
        from[q] = ring + column % kPool * kRing + at;
        run = std::min(run, kRing - at);
      }
      const float *a = from[0], *b = from[1], *c = from[2];
      float* to = out + n;
      for (int i = 0; i < run; ++i) {
        const float x = std::fabs(a[i] * scale + shift), y = std::fabs(b[i] * scale + shift),
                    z = std::fabs(c[i] * scale + shift);
        to[i] = larger(larger(x, y), z);
      }
      n += run;
    }
    normalise(out, kPooled0, weights_.normWeight[0][f], weights_.normBias[0][f]);
  }
}

// Convolution `layer` (1 or 2) of `columns` columns, pooled and normalised.
void SincNet::convolveAndPool(const Scratch& scratch, int layer, const float* in, int columns, float* out) const {
  const PackedMatrix& matrix = weights_.convolutions[layer - 1];
  const int inPitch = pitch(columns), outputs = (columns - kKernel + 1) / kPool, outPitch = pitch(outputs);
  const float* rows[kFilters * kKernel];
  for (int begin = 0; begin < outputs * kPool; begin += kBlock) {
    const int wide = std::min(kBlock, outputs * kPool - begin);
    for (int k = 0; k < matrix.depth(); ++k) {
      rows[k] = in + static_cast<ptrdiff_t>(k / kKernel) * inPitch + k % kKernel + begin;
    }
    multiply(matrix, rows, wide, scratch.block, kBlockPitch);
    for (int c = 0; c < kChannels; ++c) {
      const float* from = scratch.block + c * kBlockPitch;
      float* to = out + c * outPitch + begin / kPool;
      for (int i = 0; i < wide / kPool; ++i) to[i] = larger(larger(from[3 * i], from[3 * i + 1]), from[3 * i + 2]);
    }
  }
  for (int c = 0; c < kChannels; ++c) {
    normalise(out + c * outPitch, outputs, weights_.normWeight[layer][c], weights_.normBias[layer][c]);
  }
}

void SincNet::run(const float* samples, int count, int hop, float* memory, float* features, const CancelToken& cancel) {
  const Scratch scratch(memory);
  const int64_t length = static_cast<int64_t>(count - 1) * hop + kWindow;
  int64_t next = 0;  // the first tile not computed yet
  for (int w = 0; w < count && !cancel.cancelled(); ++w) {
    const int64_t sample = static_cast<int64_t>(w) * hop, frame = sample / kStride;
    const int64_t lastColumn = (frame + kPool - 1) / kPool + kPooled0 - 1;
    next = std::max(next, frame / kPool / kTile);
    for (; next <= lastColumn / kTile; ++next) convolveTile(scratch, samples, length, next);
    normaliseWave(scratch, samples + sample, frame);
    convolveAndPool(scratch, 1, scratch.pooled0, kPooled0, scratch.pooled1);
    convolveAndPool(scratch, 2, scratch.pooled1, kPooled1, scratch.pooled2);
    for (int t = 0; t < kFrames; ++t) {
      float* to = features + (static_cast<size_t>(t) * count + w) * kChannels;
      for (int c = 0; c < kChannels; ++c) to[c] = scratch.pooled2[c * pitch(kPooled2) + t];
    }
  }
}

}  // namespace hearken
