#pragma once

#include <cstddef>
#include <vector>

#include "diarization/kernels.h"
#include "diarization/lanes.h"

namespace hearken {

// How the head keeps a row of frames: frame 4v + p lies in phase p at v, so that what Winograd's transforms read and
// write, every fourth frame, is adjacent. Before each phase lie kLanes zeros: the frames before the first, and, being
// behind the phase before, those after the last. A row may hold several stretches of frames, each from a multiple of
// four on, with zeros between them.
struct PhaseLayout {
  static constexpr int kPhases = 4, kLanes = Lanes::kCount;
  int blocks = 0, pitch = 0;  // blocks of kLanes tiles of four frames; floats from one phase to the next
  std::vector<float> mask;    // [phase][tile]: 1 where there is a frame, else 0

  PhaseLayout() = default;
  explicit PhaseLayout(int tileCount)
      : blocks((tileCount + kLanes - 1) / kLanes), pitch((blocks + 1) * kLanes), mask(size_t{4} * blocks * kLanes) {}
  int tiles() const { return blocks * kLanes; }
  int row() const { return kPhases * pitch; }
  // Where the frames 4v + shift, v = 0 …, of a row begin, counted from the row's start; shift in [−4, 4].
  int offset(int shift) const {
    const int phase = shift & 3;
    return phase * pitch + kLanes + (shift - phase) / kPhases;
  }
};

// A convolution 3 × 3 of kChannels to kChannels over [frequency][channel][time], stride 1 in time, with zeros around,
// by Winograd's minimal filtering: four outputs of three taps from six products instead of twelve. Over time always;
// over frequency, too, where the stride there is 1 (then 36 products stand for 144).
class WinogradConvolution {
 public:
  static constexpr int kChannels = 32;
  WinogradConvolution() = default;
  // weights[kChannels][kChannels][3][3], the last index time.
  WinogradConvolution(const float* weights, const float* bias, int frequencyStride);
  static int64_t bytesFor(int frequencyStride);  // of the products and the bias, before there is one
  const std::vector<PackedMatrix>& products() const { return products_; }
  const std::vector<float>& bias() const { return bias_; }

  // Floats of `scratch` that run() needs.
  static size_t scratchFloats();
  // Computes output frequencies [begin, end): rows out[(f · kChannels + channel) · layout.row()], rectified, after
  // `addTo` has had the sum added to what is there. input(f) is the first channel's row of input frequency f, from −1
  // to one past the last; frequency rows are kChannels rows one after the other. With stride 1, begin and end are
  // multiples of 4.
  template <class Input>
  void run(const PhaseLayout& layout, const Input& input, int begin, int end, float* out, bool addTo,
           float* scratch) const {
    std::vector<const float*> rows;
    const int first = begin * stride_ - 1, last = (end - 1) * stride_ + 1;
    for (int f = first; f <= last; ++f) rows.push_back(input(f));
    compute(layout, rows.data(), begin, end, out, addTo, scratch);
  }

 private:
  void compute(const PhaseLayout& layout, const float* const* rows, int begin, int end, float* out, bool addTo,
               float* scratch) const;
  int stride_ = 1;
  std::vector<PackedMatrix> products_;
  std::vector<float> bias_;
};

}  // namespace hearken
