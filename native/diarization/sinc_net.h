#pragma once

#include <cstddef>

#include "core/cancel.h"
#include "diarization/segmentation_weights.h"

namespace hearken {

// The front of the segmentation net: samples in, kChannels features for each of kFrames frames out. Windows are taken
// one after the other; what the sinc convolution gives for samples that two windows share is computed once, on the
// samples as they are, since the normalisation of a window's wave is linear and can follow it.
class SincNet {
 public:
  explicit SincNet(const SincNetWeights& weights) : weights_(weights) {}
  static size_t scratchFloats();

  // Windows begin at samples + i · hop. features[frame][count][kChannels]. Returns early once cancelled.
  void run(const float* samples, int count, int hop, float* scratch, float* features, const CancelToken& cancel);

 private:
  struct Scratch;
  void convolveTile(const Scratch& scratch, const float* samples, int64_t length, int64_t tile) const;
  void normaliseWave(const Scratch& scratch, const float* window, int64_t frame) const;
  void convolveAndPool(const Scratch& scratch, int layer, const float* in, int columns, float* out) const;

  const SincNetWeights& weights_;
};

}  // namespace hearken
