#pragma once

#include <array>
#include <cstdint>

#include "diarization/timeline.h"

namespace hearken {

// How surely each slot of one window is active in each frame, as a share of kSure. Fixed point, because that is how it
// is kept (window_record.h): what is computed and what was kept must not differ.
using Activities = std::array<std::array<uint16_t, SegmentationShape::kFrames>, kSlots>;
constexpr float kSure = 65535;

// From the net's logProbabilities[kFrames][kClasses]: for each slot the sum over the classes in which it is active.
void sumActivities(const float* logProbabilities, Activities& out);

}  // namespace hearken
