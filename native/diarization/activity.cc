#include "diarization/activity.h"

#include <algorithm>
#include <cmath>

namespace hearken {

void sumActivities(const float* logProbabilities, Activities& out) {
  using Shape = SegmentationShape;
  for (size_t frame = 0; frame < Shape::kFrames; ++frame) {
    float sums[kSlots] = {};
    for (size_t c = 0; c < Shape::kClasses; ++c) {
      const float p = std::exp(logProbabilities[frame * Shape::kClasses + c]);
      for (int slot = 0; slot < kSlots; ++slot) {
        if (activeSlots(static_cast<uint8_t>(c)) >> slot & 1) sums[slot] += p;
      }
    }
    for (size_t slot = 0; slot < kSlots; ++slot) {
      // What is not a number is no activity.
      const float sum = sums[slot] > 0 ? std::min(sums[slot], 1.0f) : 0.0f;
      out[slot][frame] = static_cast<uint16_t>(std::lrint(sum * kSure));
    }
  }
}

}  // namespace hearken
