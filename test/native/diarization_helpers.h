#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "check.h"
#include "diarization/record.h"
#include "json.h"

namespace check {

constexpr int kDimensions = hearken::EmbeddingWeights::kDimensions;

// The same numbers as test/fixtures/diarization_clusters.py.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint32_t integer() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state_ >> 40);
  }
  std::vector<float> vector() {
    std::vector<float> out(kDimensions);
    for (float& value : out) {
      double sum = 0;
      for (int i = 0; i < 4; ++i) sum += integer() / 16777216.0;
      value = static_cast<float>(sum - 2);
    }
    return out;
  }

 private:
  uint64_t state_;
};

// Embeddings of pieces of several speakers, in any order.
class RandomVoices {
 public:
  RandomVoices(uint64_t seed, int speakers, double noise) : random_(seed), noise_(noise) {
    for (int s = 0; s < speakers; ++s) centres_.push_back(random_.vector());
  }
  // Any speaker's, or a certain one's.
  std::vector<float> next() {
    speaker = static_cast<int>(random_.integer() % centres_.size());
    return of(speaker);
  }
  std::vector<float> of(int who) {
    std::vector<float> out = centres_[static_cast<size_t>(who)];
    const auto noise = random_.vector();
    for (int d = 0; d < kDimensions; ++d) out[d] = static_cast<float>(out[d] + noise_ * noise[d]);
    return out;
  }
  int speaker = 0;  // of the last one

 private:
  Random random_;
  double noise_;
  std::vector<std::vector<float>> centres_;
};

inline hearken::WindowClasses classesOf(const std::string& digits) {
  hearken::WindowClasses classes{};
  REQUIRE(digits.size() == classes.size());
  for (size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<uint8_t>(digits[i] - '0');
  return classes;
}

// A window with the given class in [begin, end) of each stretch, silent elsewhere; its pieces, without embeddings.
struct Stretch {
  int frameClass, begin, end;
};
inline hearken::WindowResult windowOf(const hearken::Timeline& timeline, int32_t index, bool last,
                                      const std::vector<Stretch>& stretches) {
  hearken::WindowResult window;
  window.last = last;
  for (const auto& s : stretches) {
    for (int frame = s.begin; frame < s.end; ++frame) window.classes[frame] = static_cast<uint8_t>(s.frameClass);
  }
  window.pieces = hearken::cutPieces(timeline, index, window.classes, last);
  window.embeddings.resize(window.pieces.size() * kDimensions);
  return window;
}
inline void setEmbedding(hearken::WindowResult& window, size_t piece, const std::vector<float>& embedding) {
  for (int d = 0; d < kDimensions; ++d) window.embeddings[piece * kDimensions + d] = embedding[d];
}

}  // namespace check
