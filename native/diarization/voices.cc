#include "diarization/voices.h"

#include <algorithm>

#include "diarization/vectors.h"

namespace hearken {
namespace {

constexpr int kDimensions = EmbeddingWeights::kDimensions;

}  // namespace

int Voices::count() const {
  return static_cast<int>(units.size() / kDimensions);
}
const float* Voices::operator[](int i) const {
  return &units[static_cast<size_t>(i) * kDimensions];
}
float* Voices::operator[](int i) {
  return &units[static_cast<size_t>(i) * kDimensions];
}
int Voices::append(const float* unit) {
  units.insert(units.end(), unit, unit + kDimensions);
  return count() - 1;
}

int bestVoice(const std::vector<double>& scores) {
  return static_cast<int>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

std::vector<double> scoreVoices(const float* unit, double cleanSeconds, const float* mean, const Voices& voices,
                                double smoothSeconds) {
  const double own = mean && smoothSeconds > 0 ? std::min(1.0, cleanSeconds / smoothSeconds) : 1;
  std::vector<double> scores(voices.count());
  for (int v = 0; v < voices.count(); ++v) {
    scores[v] = own * dot(unit, voices[v]);
    if (own < 1) scores[v] += (1 - own) * dot(mean, voices[v]);
  }
  return scores;
}

void keepApart(size_t a, size_t b, const std::vector<std::vector<double>>& scores, std::vector<int>& labels) {
  if (labels[a] != labels[b]) return;
  const size_t moved = scores[a][bestVoice(scores[a])] < scores[b][bestVoice(scores[b])] ? a : b;
  auto others = scores[moved];
  others[labels[moved]] = -9;
  labels[moved] = bestVoice(others);
}

}  // namespace hearken
