#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "check.h"
#include "diarization/activity.h"
#include "diarization/embedding.h"
#include "diarization/piece.h"
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

// Of a window's logProbabilities[kFrames][kClasses].
inline hearken::Activities activities(const std::vector<float>& logProbabilities) {
  hearken::Activities out;
  hearken::sumActivities(logProbabilities.data(), out);
  return out;
}

// Frames [begin, end) of one class.
struct Stretch {
  int frameClass, begin, end;
};

// A piece in which its track speaks all the time; in the first `clean` frames nobody else does.
inline hearken::HeardPiece heard(int32_t begin, int32_t end, int32_t track, int clean) {
  hearken::HeardPiece heard;
  heard.piece = {begin, end, track, static_cast<int16_t>(clean)};
  heard.frames.assign(static_cast<size_t>(end - begin), hearken::HeardPiece::kActive);
  for (int i = 0; i < clean; ++i) heard.frames[static_cast<size_t>(i)] |= hearken::HeardPiece::kAlone;
  return heard;
}
inline hearken::HeardPiece heard(int32_t begin, int32_t end, int32_t track) {
  return heard(begin, end, track, end - begin);
}

}  // namespace check
