#pragma once

#include <cstdint>
#include <vector>

#include "diarization/tracker.h"
#include "diarization/turns.h"
#include "diarization/voices.h"

namespace hearken {

struct OnlineOptions {
  double least = 0.4;          // cosine to the nearest voice below which a piece is a new one
  double trainSeconds = 1.0;   // clean speech of the pieces that make and move voices
  double smoothSeconds = 1.5;  // pieces with less clean speech lean on the mean of their track
  int maxSpeakers = 0;         // 0: no limit
};

// Speakers while the audio runs, of tracks' pieces: each goes to the nearest voice heard so far or, far from all,
// starts a new one. What has been said is not taken back. Who speaks first is speaker 0, however short.
class OnlineTracks {
 public:
  explicit OnlineTracks(const OnlineOptions& options) : options_(options) {}

  // The turns of the next piece the tracker gave, by begin, with its embedding (zeros: none); `own`: not that of a
  // piece it is like, which tells who speaks but makes no voices. Ends at `samples` of audio.
  std::vector<Turn> add(const HeardPiece& heard, const float* embedding, int64_t samples = INT64_MAX, bool own = true);
  // No piece that begins before this frame comes any more (Tracker::decidedFrame()): what was kept for such is dropped.
  void decided(int64_t frame);
  int speakers() const { return voices_.count(); }

 private:
  struct Given {  // what a piece was given to
    TrackPiece piece;
    int speaker;
  };
  int nearest(const std::vector<double>& scores, const std::vector<bool>& taken) const;
  void hear(int speaker, const float* unit, float weight);

  OnlineOptions options_;
  Voices sums_, voices_;  // weighted by clean speech; at length 1
  std::vector<Given> recent_;
  struct TrackVoice {
    int32_t track;
    int64_t until;  // frame
    std::vector<float> sum;
  };
  std::vector<TrackVoice> tracks_;
  int last_ = 0;
};

}  // namespace hearken
