#pragma once

#include <cstdint>

#include "diarization/segmentation.h"

namespace hearken {

// How the audio is cut into windows, and the activity in them into pieces. Samples are of 16 kHz, counted from the
// first one that was fed; window w begins at sample w · hop. Frames are the segmentation net's.
struct Timeline {
  int64_t hop = 80000;       // samples between windows
  double link = 0.3;         // share of their activity that two slots of neighbouring windows have in common at least
                             // to be one track
  double bridge = 0.2;       // s: holes in a track's activity up to this long are closed
  double longest = 3.0;      // s: longer activity is cut into equal pieces
  double enoughClean = 0.4;  // s: a piece with this much speech of one voice is embedded from that alone
  double shortest = 0.25;    // s: a piece with less speech than this is not embedded
  // After how many seconds without a pause the first half of a run is cut, so that neither memory nor the wait for a
  // speaker depends on how long somebody talks.
  double longestRun = 12.0;
};

constexpr double kFrameSeconds = SegmentationShape::kStep / 16000.0;

// The speakers that the net tells apart in one window.
constexpr int kSlots = 3;

// Bit s of the result: slot s is active. Of the classes 0 … SegmentationShape::kClasses − 1.
inline unsigned activeSlots(uint8_t frameClass) {
  constexpr uint8_t kActive[] = {0, 1, 2, 4, 3, 5, 6};
  return frameClass < sizeof kActive ? kActive[frameClass] : 0;
}

// Frames of all windows lie on one grid: frame i of window w is frame firstFrame(w) + i of it. (Windows begin between
// frames of the grid; they are moved by half a frame at most.)
inline int64_t firstFrame(const Timeline& timeline, int32_t window) {
  return (window * timeline.hop + SegmentationShape::kStep / 2) / SegmentationShape::kStep;
}

// Where a frame of the grid begins, in samples.
inline int64_t frameBegin(int64_t frame) {
  return SegmentationShape::kFirst - SegmentationShape::kStep / 2 + frame * SegmentationShape::kStep;
}

}  // namespace hearken
