#include "diarization/assign.h"

#include <algorithm>

#include "diarization/vectors.h"

namespace hearken {
namespace {

constexpr int kDimensions = EmbeddingWeights::kDimensions;

// The mean embedding of each slot, weighted by clean speech; zero where there is none.
std::vector<float> slotMeans(const std::vector<Piece>& pieces, const std::vector<float>& units) {
  std::vector<float> means(size_t{kSlots} * kDimensions);
  for (size_t i = 0; i < pieces.size(); ++i) {
    addScaled(&units[i * kDimensions], pieces[i].clean, &means[static_cast<size_t>(pieces[i].slot) * kDimensions]);
  }
  return means;
}

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

std::vector<int> assignPieces(const std::vector<Piece>& pieces, const std::vector<float>& units, const Voices& voices,
                              double smoothSeconds) {
  const size_t n = pieces.size();
  auto means = slotMeans(pieces, units);
  bool directed[kSlots];
  for (int slot = 0; slot < kSlots; ++slot) directed[slot] = toUnit(&means[static_cast<size_t>(slot) * kDimensions]);
  std::vector<std::vector<double>> scores;
  std::vector<int> labels;
  for (size_t i = 0; i < n; ++i) {
    const Piece& piece = pieces[i];
    const float* mean = directed[piece.slot] ? &means[static_cast<size_t>(piece.slot) * kDimensions] : nullptr;
    scores.push_back(scoreVoices(&units[i * kDimensions], piece.cleanSeconds(), mean, voices, smoothSeconds));
    labels.push_back(bestVoice(scores.back()));
  }
  if (voices.count() < 2) return labels;
  for (size_t a = 0; a < n; ++a) {
    for (size_t b = a + 1; b < n; ++b) {
      const int shared = std::min(pieces[a].end, pieces[b].end) - std::max(pieces[a].begin, pieces[b].begin);
      if (pieces[a].slot != pieces[b].slot && shared >= kTogether) keepApart(a, b, scores, labels);
    }
  }
  return labels;
}

}  // namespace hearken
