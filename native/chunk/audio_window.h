#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "audio/reader.h"
#include "audio/sink.h"
#include "core/pages.h"

namespace hearken {

// The stretch of audio that the planner still needs: grows by blocks at its end, loses them at its beginning, and never
// moves or copies what it holds. Positions are samples from the start of the audio. Levels are known per frame of
// kSpeechFrame samples, counted from the first sample read.
class AudioWindow {
 public:
  static constexpr size_t kBlockFrames = 32;

  // Reads [begin, end) of the reader. All that is read also goes to `sink`, if there is one.
  AudioWindow(std::unique_ptr<AudioReader> reader, int64_t begin, int64_t end, std::shared_ptr<SampleSink> sink);

  // Appends up to kBlockFrames frames. Returns their first sample and sets `frames` to their number, which is 0 at the
  // end; the last frame is filled up with zeros behind end(). The pointer holds while the samples are kept.
  const float* grow(size_t& frames, CancelToken& cancel);
  bool finished() const { return finished_; }
  int64_t begin() const { return begin_; }
  int64_t end() const { return end_; }
  const AudioInfo& info() const { return reader_->info(); }
  FileContent* content() const { return reader_->content(); }

  void dropBefore(int64_t position);
  // [from, to) must lie in [begin(), end()).
  LedgerVector<float, MemoryKind::kAudio> copy(int64_t from, int64_t to) const;

  // The mean power of the frames in [from, to), a constant offset left out.
  float power(int64_t from, int64_t to) const;
  // The middle of the quietest `length` samples (or less, where there is not as much) in [from, to); the earliest of
  // equals.
  int64_t quietest(int64_t from, int64_t to, int64_t length) const;

 private:
  static constexpr int64_t kFrame = 512;
  static constexpr int64_t kBlock = kBlockFrames * kFrame;
  int64_t frameOf(int64_t position) const { return (position - origin_) / kFrame; }

  std::unique_ptr<AudioReader> reader_;
  std::shared_ptr<SampleSink> sink_;
  const int64_t origin_;
  const int64_t last_;
  bool started_ = false;
  bool finished_ = false;
  int64_t begin_, end_;
  int64_t firstBlock_;                                          // the position of blocks_[0], at or before begin_
  std::deque<LedgerVector<float, MemoryKind::kAudio>> blocks_;  // of kBlock samples each
  int64_t firstLevel_ = 0;                                      // the frame of levels_[0]
  LedgerVector<float, MemoryKind::kAudio> levels_;
};

}  // namespace hearken
