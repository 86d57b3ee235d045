#pragma once

#include <cstdint>
#include <vector>

#include "diarization/activity.h"
#include "diarization/piece.h"

namespace hearken {

// Makes one timeline of the windows: the slots of neighbouring windows that are active together become one track, and
// each frame's activity is the mean of what the windows say that cover it. So each stretch of speech is cut out, and
// embedded, once. Memory: two windows and the runs that go on.
class Tracker {
 public:
  // Throws Error kInternal where windows do not overlap.
  explicit Tracker(const Timeline& timeline);

  // The next window; `last` of the audio. The pieces that it completes, by begin.
  std::vector<HeardPiece> add(const Activities& activities, bool last);

  // All pieces that begin before this frame have been given.
  int64_t decidedFrame() const;
  // No piece that is still to come needs samples before this one.
  int64_t neededSample() const { return decidedFrame() * SegmentationShape::kStep; }

 private:
  static constexpr int kFrames = SegmentationShape::kFrames;
  using Activity = std::vector<float>;  // [kFrames] of one slot

  struct Track {
    int32_t id;
    int64_t heardUntil;            // frame
    std::vector<float> sums;       // weighted activity from base_
    int64_t begin = -1, end = -1;  // the run that goes on: its first frame, behind its last active one; −1: none
    std::vector<uint8_t> run;      // its frames so far
    int64_t silence = 0;           // frames before it in which nobody is active
  };

  void link(const std::vector<Activity>& slots, int64_t first);
  void settle(int64_t frame, std::vector<HeardPiece>& done);
  void step(Track& track, int64_t frame, bool active, bool alone, std::vector<HeardPiece>& done);
  void cut(Track& track, size_t length, std::vector<HeardPiece>& done) const;
  Track& track(int32_t id);

  Timeline timeline_;
  int32_t window_ = 0;
  int32_t nextTrack_ = 0;
  int64_t base_ = 0;                           // the first frame that is not settled
  int64_t activeUntil_ = 0;                    // behind the last settled one where anybody is active
  std::vector<float> weights_;                 // from base_
  std::vector<Track> tracks_;                  // by id
  std::vector<Activity> before_;               // the last window's
  int32_t slotTracks_[kSlots] = {-1, -1, -1};  // and its tracks
};

}  // namespace hearken
