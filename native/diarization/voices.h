#pragma once

#include <cstddef>
#include <vector>

namespace hearken {

// The voices that pieces are given to: unit vectors [count][EmbeddingWeights::kDimensions].
struct Voices {
  std::vector<float> units;
  int count() const;
  const float* operator[](int i) const;
  float* operator[](int i);
  int append(const float* unit);
};

// How sure a piece is of each voice: its cosines, or, for one with less clean speech than `smoothSeconds`, a blend with
// those of the mean of its track (`mean` of length 1, or null: none).
std::vector<double> scoreVoices(const float* unit, double cleanSeconds, const float* mean, const Voices& voices,
                                double smoothSeconds);
int bestVoice(const std::vector<double>& scores);

// Two pieces that are active together are not the same voice: the less certain one moves to its next best.
void keepApart(size_t a, size_t b, const std::vector<std::vector<double>>& scores, std::vector<int>& labels);

// Frames that two pieces share before they count as active together.
constexpr int kTogether = 3;

}  // namespace hearken
