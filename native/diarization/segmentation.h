#pragma once

#include <array>
#include <memory>
#include <string>

#include "core/cancel.h"
#include "diarization/gguf_file.h"

namespace hearken {

// pyannote segmentation-3.0: who of at most three local speakers is active, frame by frame, in a window of 10 s.
struct SegmentationShape {
  static constexpr int kWindow = 160000;  // samples
  static constexpr int kFrames = 589;     // frame i is centred at sample kFirst + kStep · i
  static constexpr int kStep = 270;
  static constexpr int kFirst = 495;
  static constexpr int kClasses = 7;  // ∅, 0, 1, 2, 01, 02, 12
};

// The weights, packed; immutable, shared by any number of SegmentationNets.
class SegmentationWeights {
 public:
  explicit SegmentationWeights(const GgufFile& file);  // throws Error kModelFormat
  ~SegmentationWeights();
  int64_t bytes() const;
  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// One thread's buffers. Windows of a batch share what they overlap in.
class SegmentationNet {
 public:
  SegmentationNet(std::shared_ptr<const SegmentationWeights> weights, int maxWindows, int hop);
  ~SegmentationNet();
  // Windows i = 0 … count − 1 begin at samples + i · hop (hop in samples, a multiple of 10). Writes
  // logProbabilities[count][kFrames][kClasses]. A window's result does not depend on the others of its batch.
  void run(const float* samples, int count, float* logProbabilities, CancelToken& cancel);
  int64_t bytes() const;
  static int64_t bytesFor(int maxWindows);  // before there is one

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearken
