#include "diarization/embedding_layers.h"

namespace hearken {
namespace {

using Impl = EmbeddingWeights::Impl;
constexpr int kHead = Impl::kHead, kBins = Impl::kBins;

// The shortcut of a narrowing convolution: every second frequency, through a matrix. A row with its margins is one run
// of columns; what that leaves in the margins is overwritten with the convolution that is added to it.
void runShortcut(const HeadStage& stage, const PhaseLayout& layout, const float* frequency, float* residual) {
  const float* pointers[kHead];
  for (int c = 0; c < kHead; ++c) pointers[c] = frequency + static_cast<size_t>(c) * layout.row();
  multiply(stage.shortcut, pointers, layout.row(), residual, layout.row());
}

}  // namespace

void EmbeddingShape::add(int frames) {
  const Part part{used(), frames};
  for (int t = 0; t < frames; ++t) layout.mask[(t & 3) * layout.tiles() + part.tile + (t >> 2)] = 1.0f;
  parts.push_back(part);
}

void arrangeBins(const EmbeddingShape& shape, const EmbeddingShape::Part& part, const float* fbank, float* bins) {
  const PhaseLayout& layout = shape.layout;
  float mean[kBins] = {};
  for (int t = 0; t < part.frames; ++t) {
    for (int b = 0; b < kBins; ++b) mean[b] += fbank[t * kBins + b];
  }
  for (float& value : mean) value /= static_cast<float>(part.frames);
  for (int t = 0; t < part.frames; ++t) {
    float* at = bins + layout.offset(t & 3) + part.tile + (t >> 2);
    for (int b = 0; b < kBins; ++b) at[static_cast<size_t>(b) * layout.row()] = fbank[t * kBins + b] - mean[b];
  }
}

void runStem(const Impl& weights, const EmbeddingShape& shape, const float* bins, float* narrow, float* residual,
             float* scratch) {
  const PhaseLayout& layout = shape.layout;
  const size_t row = static_cast<size_t>(layout.row()), frequency = kHead * row;
  // Rows of frequencies f − 1 … f + 1, f even: those of the last step's f + 1 are this one's f − 1.
  constexpr int kRing = 4;
  float* const ring = scratch + WinogradConvolution::scratchFloats();
  float* const zeros = ring + kRing * frequency;
  std::fill_n(zeros, frequency, 0.0f);
  const auto input = [&](int f) { return f < 0 ? zeros : ring + (f % kRing) * frequency; };
  for (int f = 0; f < kBins; ++f) {
    float* out = ring + (f % kRing) * frequency;
    for (int phase = 0; phase < PhaseLayout::kPhases; ++phase) {
      const float* pointers[9];
      for (int tap = 0; tap < 9; ++tap) {
        const int from = f + tap / 3 - 1;
        const float* bin = from < 0 || from >= kBins ? zeros : bins + from * row;
        pointers[tap] = bin + layout.offset(phase + tap % 3 - 1);
      }
      float* to = out + layout.offset(phase);
      multiply(weights.input, pointers, layout.tiles(), to, layout.row(), Finish::kRelu);
      const float* mask = layout.mask.data() + phase * layout.tiles();
      for (int c = 0; c < kHead; ++c) {
        float* values = to + c * row;
        Lanes::all(0.0f).store(values - Lanes::kCount);
        for (int v = 0; v < layout.tiles(); v += Lanes::kCount) {
          (Lanes::load(mask + v) * Lanes::load(values + v)).store(values + v);
        }
      }
    }
    if (f % 2 == 0) continue;
    const HeadStage& stage = weights.head[0];
    stage.narrow.run(layout, input, f / 2, f / 2 + 1, narrow, false, scratch);
    runShortcut(stage, layout, input(f - 1), residual + f / 2 * frequency);
  }
}

void runNarrowing(const HeadStage& stage, const EmbeddingShape& shape, const float* in, int frequencies, float* narrow,
                  float* residual, float* scratch) {
  const size_t frequency = static_cast<size_t>(kHead) * shape.layout.row();
  float* const zeros = scratch + WinogradConvolution::scratchFloats();
  std::fill_n(zeros, frequency, 0.0f);
  const auto input = [&](int f) { return f < 0 ? zeros : in + f * frequency; };
  stage.narrow.run(shape.layout, input, 0, frequencies, narrow, false, scratch);
  for (int f = 0; f < frequencies; ++f) runShortcut(stage, shape.layout, input(2 * f), residual + f * frequency);
}

void runKeeping(const WinogradConvolution& convolution, const EmbeddingShape& shape, const float* in, int frequencies,
                float* out, bool addTo, float* scratch) {
  const size_t frequency = static_cast<size_t>(kHead) * shape.layout.row();
  float* const zeros = scratch + WinogradConvolution::scratchFloats();
  std::fill_n(zeros, frequency, 0.0f);
  const auto input = [&](int f) { return f < 0 || f >= frequencies ? zeros : in + f * frequency; };
  convolution.run(shape.layout, input, 0, frequencies, out, addTo, scratch);
}

void runLast(const Impl& weights, const EmbeddingShape& shape, const float* in, float* out, float* scratch) {
  const size_t frequency = static_cast<size_t>(kHead) * shape.layout.row();
  float* const zeros = scratch + WinogradConvolution::scratchFloats();
  std::fill_n(zeros, frequency, 0.0f);
  const auto input = [&](int f) { return f < 0 ? zeros : in + f * frequency; };
  weights.last.run(shape.layout, input, 0, kBins / 8, out, false, scratch);
}

void runTdnn(const Impl& weights, const EmbeddingShape& shape, const float* in, float* out, float* scratch) {
  constexpr int kRows = kHead * kBins / 8;
  const PhaseLayout& layout = shape.layout;
  const int columns = layout.tiles();
  const float* pointers[Impl::kTdnnTaps * kRows];
  // Frame u reads 2u − 2 … 2u + 2: even u from phase 0, odd u from phase 2.
  for (int half = 0; half < 2; ++half) {
    for (int tap = 0; tap < Impl::kTdnnTaps; ++tap) {
      for (int r = 0; r < kRows; ++r) {
        pointers[tap * kRows + r] = in + static_cast<size_t>(r) * layout.row() + layout.offset(2 * half + tap - 2);
      }
    }
    multiply(weights.tdnn, pointers, columns, scratch + half * columns, 2 * columns, Finish::kRelu);
  }
  for (int r = 0; r < Impl::kTdnn; ++r) {
    const float* even = scratch + static_cast<size_t>(r) * 2 * columns;
    float* to = out + static_cast<size_t>(r) * shape.pitch;
    for (int v = 0; v < columns; ++v) {
      to[2 * v] = even[v];
      to[2 * v + 1] = even[columns + v];
    }
  }
}

}  // namespace hearken
