#pragma once

#include <cstdint>
#include <vector>

#include "diarization/timeline.h"

namespace hearken {

// One stretch of one track: what gets an embedding and a speaker. Frames of the common grid (see firstFrame()).
struct TrackPiece {
  int32_t begin = 0, end = 0;
  int32_t track = 0;
  int16_t clean = 0;  // frames where this track is active and no other

  double cleanSeconds() const { return clean * kFrameSeconds; }
};

// A piece with what is known of each of its frames.
struct HeardPiece {
  static constexpr uint8_t kActive = 1, kAlone = 2;
  TrackPiece piece;
  std::vector<uint8_t> frames;
  int64_t silence = 0;  // frames right before it in which nobody is active; 0 where its track goes on
};

// Which 10 ms frames of the filter bank the piece's embedding is made from, counted from the first sample of the audio
// (frame j covers samples 160 j … 160 j + 400). Empty where there is too little speech for one.
void pickFrames(const Timeline& timeline, const HeardPiece& heard, std::vector<int64_t>& fbankFrames);

}  // namespace hearken
