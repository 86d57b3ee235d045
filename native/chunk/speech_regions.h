#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace hearken {

struct FrameSpan {
  int64_t begin = 0;
  int64_t end = 0;
};

// Turns speech probabilities into regions, frame by frame. A region begins where the probability reaches kWeak and ends
// where it stays below kOffset for kMinSilence frames. It counts if kMinSpeech of its frames reach kOnset. A weaker one
// (a far "okay", a cough) counts if it is near one that counts, where it costs nothing to decode; alone it would cost a
// decode and make Whisper invent words. The thresholds were chosen on data with bench/native/plan_eval.cc.
class SpeechRegions {
 public:
  static constexpr float kOnset = 0.5f;
  static constexpr float kWeak = 0.3f;
  static constexpr float kOffset = 0.2f;
  static constexpr int kMinSilence = 2;
  static constexpr int kMinSpeech = 2;
  static constexpr int64_t kNear = 78;  // 2.5 s

  void push(float probability);
  void finish();  // no more frames
  // Regions that have ended and count, in order.
  const std::deque<FrameSpan>& closed() const { return closed_; }
  // The first frame of the region that has not ended yet, if it counts.
  std::optional<int64_t> openBegin() const;
  // No region other than those above begins before this frame.
  int64_t settled() const;
  // Forgets the regions that end at or before this frame.
  void forget(int64_t before);

 private:
  void close();
  void joinWeak(int64_t begin);

  std::deque<FrameSpan> closed_;
  std::deque<FrameSpan> weak_;    // they count if something near that counts follows
  int64_t lastEnd_ = -kNear - 1;  // of the last region that counts
  int64_t frame_ = 0;
  bool inside_ = false;
  int64_t begin_ = 0;
  int64_t quietFrom_ = 0;  // inside a region: the first of the frames below kOffset that came last
  int quiet_ = 0;
  int loud_ = 0;  // frames of the region that reach kOnset
};

}  // namespace hearken
