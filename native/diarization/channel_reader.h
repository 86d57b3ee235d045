#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "audio/resampler.h"
#include "core/buffer.h"
#include "diarization/frame_queue.h"

namespace hearken {

// Each channel of a source as 16 kHz samples, all channels in step: those that an ordinary reader of that one channel
// gives for the same range of the audio.
class ChannelReader {
 public:
  // Samples [begin, end) of the audio, at most `block` at a time.
  ChannelReader(std::shared_ptr<FrameQueue> queue, FrameQueue::Format format, int64_t begin, int64_t end, size_t block);

  size_t channels() const { return static_cast<size_t>(format_.channels); }
  // The next `block` samples of every channel, one channel after another: out[channel][block]. Fewer only at the end.
  size_t read(float* out, CancelToken& cancel);
  // How far the source must have come (a frame, exclusive) for the next read() not to block.
  int64_t needs() const;
  int64_t byteSize() const { return static_cast<int64_t>(held_.size() + frames_.size()); }
  static int64_t bytesFor(const FrameQueue::Format& format, size_t block);  // before there is one

 private:
  size_t next() const { return static_cast<size_t>(std::min(static_cast<int64_t>(block_), end_ - position_)); }
  float* held(size_t channel) { return held_.floats() + channel * room_; }
  void forget();
  void fetch(int64_t upTo, CancelToken& cancel);

  const std::shared_ptr<FrameQueue> queue_;
  const FrameQueue::Format format_;
  const Resampler resampler_;
  const int64_t end_;
  const size_t block_;
  int64_t position_;    // the next output
  int64_t base_;        // the source frame of held(c)[0]; what lies before the source is 0
  size_t count_ = 0;    // frames held
  size_t room_ = 0;     // for each channel
  Buffer held_;         // [channels][room_]
  Buffer frames_;       // on their way from the queue, interleaved
  bool ended_ = false;  // the source has no more frames than those held
};

}  // namespace hearken
