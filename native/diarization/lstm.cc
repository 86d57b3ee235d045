#include "diarization/lstm.h"

#include <algorithm>

namespace hearken {
namespace {

constexpr int kHidden = LstmWeights::kHidden, kGates = LstmWeights::kGates, kOutputs = LstmWeights::kOutputs;

}  // namespace

size_t lstmScratchFloats(int sequences) {
  return static_cast<size_t>(std::max(sequences, kLstmRowsAhead)) * kGates + static_cast<size_t>(sequences) * kHidden;
}

void bidirectionalLstm(const LstmWeights& weights, const float* x, int frames, int count, float* scratch, float* y,
                       const CancelToken& cancel) {
  float* cells = scratch;                  // [count][kHidden]
  float* gates = cells + count * kHidden;  // [frames ahead][count][kGates]
  const int ahead = std::max(1, kLstmRowsAhead / count);
  for (int direction = 0; direction < LstmWeights::kDirections; ++direction) {
    const PackedColumns &input = weights.input[direction], &hidden = weights.hidden[direction];
    const bool backward = direction == 1;
    std::fill_n(cells, count * kHidden, 0.0f);
    for (int done = 0; done < frames && !cancel.cancelled(); done += ahead) {
      const int some = std::min(ahead, frames - done);
      const int first = backward ? frames - done - some : done;
      multiplyRows(input, x + static_cast<ptrdiff_t>(first) * count * input.depth(), input.depth(), some * count, gates,
                   kGates);
      for (int i = 0; i < some; ++i) {
        const int t = backward ? first + some - 1 - i : first + i;
        float* now = gates + static_cast<ptrdiff_t>(t - first) * count * kGates;
        float* out = y + static_cast<ptrdiff_t>(t) * count * kOutputs + direction * kHidden;
        if (done + i > 0) {  // before the first step the hidden state is zero
          const float* before = out + (backward ? 1 : -1) * static_cast<ptrdiff_t>(count) * kOutputs;
          addMultipliedRows(hidden, before, kOutputs, count, now, kGates);
        }
        for (int s = 0; s < count; ++s) lstmCell(now + s * kGates, kHidden, cells + s * kHidden, out + s * kOutputs);
      }
    }
  }
}

}  // namespace hearken
