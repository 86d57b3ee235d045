#pragma once

#include <cstddef>

#include "core/cancel.h"
#include "diarization/segmentation_weights.h"

namespace hearken {

// Rows whose input products are computed ahead of the recurrence: few enough to be in the cache when it comes to them.
constexpr int kLstmRowsAhead = 64;
// Floats of `scratch` that bidirectionalLstm() needs.
size_t lstmScratchFloats(int sequences);

// A layer of LSTMs in both directions over `count` sequences side by side: x[frames][count][inputs] →
// y[frames][count][kOutputs], forward half first. Returns early once cancelled.
void bidirectionalLstm(const LstmWeights& weights, const float* x, int frames, int count, float* scratch, float* y,
                       const CancelToken& cancel);

}  // namespace hearken
