#include <cmath>

#include "diarization/embedding_layers.h"

namespace hearken {
namespace {

using Impl = EmbeddingWeights::Impl;
constexpr int kLanes = 16;
// Columns that are normalised and multiplied together.
constexpr int kColumns = 96;
constexpr int kMostChannels = 1024;
constexpr int kMargin = 16;  // zeros before and after a row of the bottleneck, for the local convolution

int bottleneckPitch(const EmbeddingShape& shape) {
  return shape.pitch + 2 * kMargin;
}

// A sum in a fixed order, whatever the alignment.
float sum(const float* values, int count) {
  float parts[kLanes] = {};
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) parts[l] += values[i + l];
  }
  for (int l = 0; i < count; ++i, ++l) parts[l] += values[i];
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int l = 0; l < width; ++l) parts[l] += parts[l + width];
  }
  return parts[0];
}

float squaredDeviations(const float* values, int count, float mean) {
  float parts[kLanes] = {};
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) parts[l] += (values[i + l] - mean) * (values[i + l] - mean);
  }
  for (int l = 0; i < count; ++i, ++l) parts[l] += (values[i] - mean) * (values[i] - mean);
  return sum(parts, kLanes);
}

// out[rows] from in[channels] through norm, rectifier and matrix.
void normalizeAndMultiply(const ScaleShift& norm, const PackedMatrix& matrix, Finish finish,
                          const EmbeddingShape& shape, const float* in, float* out, int outPitch, float* scratch) {
  const int channels = matrix.depth();
  const float* pointers[kMostChannels];
  for (int c = 0; c < channels; ++c) pointers[c] = scratch + static_cast<size_t>(c) * kColumns;
  for (int first = 0; first < shape.pitch; first += kColumns) {
    const int columns = std::min(kColumns, shape.pitch - first);
    for (int c = 0; c < channels; ++c) {
      const float scale = norm.scale[c], shift = norm.shift[c];
      const float* from = in + static_cast<size_t>(c) * shape.pitch + first;
      float* to = scratch + static_cast<size_t>(c) * kColumns;
      for (int i = 0; i < columns; i += kLanes) {
        for (int l = 0; l < kLanes; ++l) to[i + l] = std::max(from[i + l] * scale + shift, 0.0f);
      }
    }
    multiply(matrix, pointers, columns, out + first, outPitch, finish);
  }
}

template <int Rows>
void multiplyColumn(const ColumnMatrix& matrix, const float* x, float* out) {
  float sums[Rows];
  for (int r = 0; r < Rows; ++r) sums[r] = matrix.bias[r];
  for (int k = 0; k < matrix.depth; ++k) {
    const float* weights = matrix.weights.data() + static_cast<size_t>(k) * Rows;
    for (int r = 0; r < Rows; ++r) sums[r] += weights[r] * x[k];
  }
  for (int r = 0; r < Rows; ++r) out[r] = sums[r];
}

// Multiplies a piece's 32 new rows with what its context says: the mean of the bottleneck over all frames plus that
// over each segment of 100, the last one's over what is there.
void applyGates(const DenseLayer& layer, int frames, const float* bottleneck, int pitch, float* rows, int rowPitch) {
  constexpr int kSegment = Impl::kSegment, kMostSegments = EmbeddingNet::kLongestFrames / 2 / kSegment;
  const int segments = (frames + kSegment - 1) / kSegment;
  float context[kMostSegments][Impl::kBottleneck];
  for (int c = 0; c < Impl::kBottleneck; ++c) {
    const float* row = bottleneck + static_cast<size_t>(c) * pitch;
    float all = 0;
    for (int s = 0; s < segments; ++s) {
      const int count = std::min(kSegment, frames - s * kSegment);
      const float part = sum(row + s * kSegment, count);
      all += part;
      context[s][c] = part / static_cast<float>(count);
    }
    for (int s = 0; s < segments; ++s) context[s][c] += all / static_cast<float>(frames);
  }
  for (int s = 0; s < segments; ++s) {
    float hidden[Impl::kContext], gates[Impl::kGrowth];
    multiplyColumn<Impl::kContext>(layer.context, context[s], hidden);
    for (float& value : hidden) value = std::max(value, 0.0f);
    multiplyColumn<Impl::kGrowth>(layer.gate, hidden, gates);
    const int end = std::min(frames, (s + 1) * kSegment);
    for (int r = 0; r < Impl::kGrowth; ++r) {
      const float gate = 1.0f / (1.0f + std::exp(-gates[r]));
      float* row = rows + static_cast<size_t>(r) * rowPitch;
      for (int i = s * kSegment; i < end; ++i) row[i] *= gate;
    }
  }
}

}  // namespace

size_t embeddingScratchFloats(int tiles) {
  const EmbeddingShape shape(tiles);
  const size_t head = WinogradConvolution::scratchFloats() + size_t{5} * Impl::kHead * shape.layout.row();
  const size_t tdnn = static_cast<size_t>(Impl::kTdnn) * 2 * shape.layout.tiles();
  const size_t dense = size_t{kMostChannels} * kColumns + size_t{Impl::kBottleneck} * bottleneckPitch(shape);
  return std::max({head, tdnn, dense});
}

void runDenseLayer(const DenseLayer& layer, int dilation, int channels, const EmbeddingShape& shape, float* rows,
                   float* scratch) {
  const int pitch = bottleneckPitch(shape);
  float* const bottleneck = scratch + size_t{kMostChannels} * kColumns + kMargin;
  normalizeAndMultiply(layer.norm, layer.bottleneck, Finish::kRelu, shape, rows, bottleneck, pitch, scratch);
  for (int c = 0; c < Impl::kBottleneck; ++c) {
    float* row = bottleneck + static_cast<size_t>(c) * pitch;
    int end = -kMargin;
    for (const EmbeddingShape::Part& part : shape.parts) {
      std::fill(row + end, row + part.column(), 0.0f);
      end = part.column() + part.halfFrames();
    }
    std::fill(row + end, row + shape.pitch + kMargin, 0.0f);
  }

  const float* pointers[Impl::kLocalTaps * Impl::kBottleneck];
  for (int tap = 0; tap < Impl::kLocalTaps; ++tap) {
    for (int c = 0; c < Impl::kBottleneck; ++c) {
      pointers[tap * Impl::kBottleneck + c] = bottleneck + static_cast<size_t>(c) * pitch + (tap - 1) * dilation;
    }
  }
  float* const added = rows + static_cast<size_t>(channels) * shape.pitch;
  multiply(layer.local, pointers, shape.pitch, added, shape.pitch);
  for (const EmbeddingShape::Part& part : shape.parts) {
    applyGates(layer, part.halfFrames(), bottleneck + part.column(), pitch, added + part.column(), shape.pitch);
  }
}

void runTransit(const DenseBlock& block, Finish finish, const EmbeddingShape& shape, const float* in, float* out,
                float* scratch) {
  normalizeAndMultiply(block.norm, block.transit, finish, shape, in, out, shape.pitch, scratch);
}

void runOutput(const Impl& weights, const EmbeddingShape& shape, const float* trunk, float* embeddings) {
  float statistics[2 * Impl::kTrunk];
  for (const EmbeddingShape::Part& part : shape.parts) {
    const int frames = part.halfFrames();
    for (int c = 0; c < Impl::kTrunk; ++c) {
      const float* row = trunk + static_cast<size_t>(c) * shape.pitch + part.column();
      const float mean = sum(row, frames) / static_cast<float>(frames);
      statistics[c] = mean;
      statistics[Impl::kTrunk + c] = std::sqrt(squaredDeviations(row, frames, mean) / static_cast<float>(frames - 1));
    }
    for (int r = 0; r < EmbeddingWeights::kDimensions; ++r) {
      const float* row = weights.output.data() + static_cast<size_t>(r) * 2 * Impl::kTrunk;
      float parts[kLanes] = {};
      for (int k = 0; k < 2 * Impl::kTrunk; k += kLanes) {
        for (int l = 0; l < kLanes; ++l) parts[l] += row[k + l] * statistics[k + l];
      }
      embeddings[r] = sum(parts, kLanes) + weights.outputBias[r];
    }
    embeddings += EmbeddingWeights::kDimensions;
  }
}

}  // namespace hearken
