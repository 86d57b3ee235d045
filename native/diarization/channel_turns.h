#pragma once

#include <cstdint>
#include <vector>

#include "chunk/speech_regions.h"
#include "diarization/turns.h"

namespace hearken {

// Which channels speak in a frame of the detector. A voice that leaks from one channel into another (a headset that is
// too loud, an echo on the line) is speech in both; it is told by its level, which must come near the loudest
// channel's. Levels are the loudest of the last frames, since an echo comes late and falls slowly. The constants were
// chosen on a two-channel call, as it is and with leaks of −20 dB, of −15 dB with a delay of 60 ms, and with one side
// 12 to 18 dB below the other.
class CrosstalkGate {
 public:
  static constexpr int kOwn = 6, kOthers = 12;   // frames of 32 ms that a level is remembered
  static constexpr float kLeast = 1 / 15.8489f;  // −12 dB, of power

  explicit CrosstalkGate(size_t channels) : powers_(channels * kOthers), loudest_(channels) {}
  // power[channel] of the next frame; lowers to 0 the probability of speech of those that are far below the loudest.
  void process(const float* power, float* probability);

 private:
  std::vector<float> powers_;  // [kOthers][channels], a ring
  std::vector<float> loudest_;
  size_t frame_ = 0;
};

// The turns of a channel begin a little before what the detector takes for speech, and end a little after it. Shorter
// pauses do not end a turn.
struct ChannelTurns {
  static constexpr int64_t kBefore = 1024, kAfter = 512;  // samples
  static constexpr int64_t kPause = 8000;

  // The turns of all channels up to `samples`, by begin, from their regions of speech in frames.
  static std::vector<Turn> make(const std::vector<std::vector<FrameSpan>>& regions, int64_t samples);
};

}  // namespace hearken
