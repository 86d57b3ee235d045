#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "diarization/segmentation.h"

namespace hearken {

// How the audio is cut into windows, and the activity in them into pieces. Samples are of 16 kHz, counted from the
// first one that was fed; window w begins at sample w · hop. Frames are the segmentation net's.
struct Timeline {
  int64_t hop = 40000;       // samples between windows; the central `hop` of each window is what it decides
  double bridge = 0.2;       // s: holes in a slot's activity up to this long are closed
  double longest = 3.0;      // s: longer activity is cut into equal pieces
  double enoughClean = 0.4;  // s: a piece with this much speech of one voice is embedded from that alone
  double shortest = 0.25;    // s: a piece with less speech than this is not embedded
  // For Tracker only: how much of their activity two slots of neighbouring windows share at least to be one track, and
  // after how many seconds without a pause the first half of a run is cut, so that neither memory nor the wait for a
  // speaker depends on how long somebody talks.
  double link = 0.3;
  double longestRun = 12.0;

  // What Tracker is used with: its windows agree on what both hear, so fewer are enough.
  static Timeline tracks() {
    Timeline timeline;
    timeline.hop = 80000;
    return timeline;
  }
};

// One stretch of one local speaker ("slot") in one window: what gets an embedding and, in the end, a speaker.
struct Piece {
  int32_t window = 0;
  int16_t slot = 0;            // 0 … kSlots − 1
  int16_t begin = 0, end = 0;  // frames of the window, [begin, end)
  int16_t clean = 0;           // frames of it where this slot is active and no other

  double cleanSeconds() const { return clean * (SegmentationShape::kStep / 16000.0); }
};

// The class of each frame of a window: 0 … SegmentationShape::kClasses − 1.
using WindowClasses = std::array<uint8_t, SegmentationShape::kFrames>;

constexpr int kSlots = 3;

// Bit s of the result: slot s is active.
inline unsigned activeSlots(uint8_t frameClass) {
  constexpr uint8_t kActive[] = {0, 1, 2, 4, 3, 5, 6};
  return frameClass < sizeof kActive ? kActive[frameClass] : 0;
}

// How many windows `samples` of audio have: the last one is the first that reaches the end, zero padded. None for none.
int64_t windowCount(const Timeline& timeline, int64_t samples);

// The frames of a window that it decides: its centre, extended to the audio's ends in the first and last window.
struct FrameRange {
  int begin = 0, end = 0;
};
FrameRange centreOf(const Timeline& timeline, int32_t window, bool last);

// Frames of all windows lie on one grid: frame i of window w is frame firstFrame(w) + i of it. (Windows begin between
// frames of the grid; they are moved by half a frame at most.)
int64_t firstFrame(const Timeline& timeline, int32_t window);

// Where a frame of the grid begins, in samples.
inline int64_t frameBegin(int64_t frame) {
  return SegmentationShape::kFirst - SegmentationShape::kStep / 2 + frame * SegmentationShape::kStep;
}

// Which 10 ms frames of the filter bank (frame j covers samples 160 j … 160 j + 400) are nearest to frames of the net
// that `wanted` picks of [begin, end): both counted from the same sample.
void nearestFbankFrames(int64_t begin, int64_t end, const std::function<bool(int64_t frame)>& wanted,
                        std::vector<int64_t>& fbankFrames);

// The pieces that touch the window's centre, by slot, in order of time.
std::vector<Piece> cutPieces(const Timeline& timeline, int32_t window, const WindowClasses& classes, bool last);

// Which 10 ms frames of the filter bank the piece's embedding is made from, counted from the window's first sample
// (frame j covers samples 160 j … 160 j + 400). Empty where there is too little speech for one.
void pickFrames(const Timeline& timeline, const Piece& piece, const WindowClasses& classes,
                std::vector<int>& fbankFrames);

}  // namespace hearken
