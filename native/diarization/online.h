#pragma once

#include <cstdint>
#include <vector>

#include "diarization/assign.h"
#include "diarization/record.h"
#include "diarization/stitch.h"

namespace hearken {

struct OnlineOptions {
  double least = 0.4;          // cosine to the nearest voice below which a piece is a new one
  double trainSeconds = 1.0;   // clean speech of the pieces that make and move voices
  double smoothSeconds = 1.5;  // pieces with less clean speech lean on the mean of their slot
  int maxSpeakers = 0;         // 0: no limit
};

// Speakers while the audio runs: a piece goes to the nearest voice heard so far or, far from all, starts a new one.
// What has been said is not taken back. Who speaks first is speaker 0, however short.
class OnlineSpeakers {
 public:
  OnlineSpeakers(const Timeline& timeline, const OnlineOptions& options) : timeline_(timeline), options_(options) {}
  OnlineSpeakers(const Timeline& timeline, int maxSpeakers) : timeline_(timeline) {
    options_.maxSpeakers = maxSpeakers;
  }

  // The turns in the window's centre, by begin; those of different speakers may overlap. They begin where the last
  // window's centre ended, so a turn that goes on is continued by one that begins at its end. Windows come in order;
  // `samples`: the audio's, for its last window.
  std::vector<Turn> add(const WindowResult& window, int64_t samples = INT64_MAX);
  // Up to where turns have been given.
  int64_t decided() const { return decided_; }
  int speakers() const { return voices_.count(); }

 private:
  void hear(const WindowResult& window, const std::vector<float>& units);

  Timeline timeline_;
  OnlineOptions options_;
  int32_t window_ = 0;
  int64_t nextFrame_ = 0;
  int64_t decided_ = 0;
  Voices sums_, voices_;  // weighted by clean speech; at length 1
};

}  // namespace hearken
