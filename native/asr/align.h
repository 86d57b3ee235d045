#pragma once

#include <cstddef>
#include <vector>

namespace hearken {

// Cross-attention scores of a decode, before the softmax: scores[(head * tokens + token) * stride + frame].
struct AttentionScores {
  const float* scores = nullptr;
  size_t heads = 0;
  size_t tokens = 0;
  size_t stride = 0;  // frames that the encoder has
  size_t frames = 0;  // frames that hold audio, <= stride; a frame is 20 ms
};

// When each token begins, in frames: dynamic time warping over the attention of the alignment heads, as in OpenAI's
// whisper/timing.py (softmax over frames, standardised over tokens, median of 7 frames, mean over heads). Rows [first,
// tokens) of the scores are aligned; the result has one entry for each and is non-decreasing.
std::vector<int> alignTokens(const AttentionScores& scores, size_t first);

}  // namespace hearken
