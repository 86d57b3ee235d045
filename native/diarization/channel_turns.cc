#include "diarization/channel_turns.h"

#include <algorithm>

#include "chunk/speech_detector.h"

namespace hearken {

void CrosstalkGate::process(const float* power, float* probability) {
  const size_t channels = loudest_.size();
  std::copy_n(power, channels, &powers_[frame_++ % kOthers * channels]);
  const auto loudest = [&](size_t channel, size_t frames) {
    float most = 0;
    for (size_t i = 1; i <= std::min(frames, frame_); ++i) {
      most = std::max(most, powers_[(frame_ - i) % kOthers * channels + channel]);
    }
    return most;
  };
  for (size_t c = 0; c < channels; ++c) loudest_[c] = loudest(c, kOthers);
  for (size_t c = 0; c < channels; ++c) {
    const float own = loudest(c, kOwn);
    for (size_t other = 0; other < channels; ++other) {
      if (other != c && own < kLeast * loudest_[other]) probability[c] = 0;
    }
  }
}

std::vector<Turn> ChannelTurns::make(const std::vector<std::vector<FrameSpan>>& regions, int64_t samples) {
  constexpr auto kFrame = static_cast<int64_t>(kSpeechFrame);
  std::vector<Turn> turns;
  for (size_t channel = 0; channel < regions.size(); ++channel) {
    const size_t first = turns.size();
    for (const FrameSpan& region : regions[channel]) {
      const int64_t begin = std::max<int64_t>(0, region.begin * kFrame - kBefore);
      const int64_t end = std::min(samples, region.end * kFrame + kAfter);
      if (begin >= end) continue;
      if (turns.size() > first && begin - turns.back().end <= kPause) {
        turns.back().end = std::max(turns.back().end, end);
      } else {
        turns.push_back({begin, end, static_cast<int>(channel)});
      }
    }
  }
  sortTurns(turns);
  return turns;
}

}  // namespace hearken
