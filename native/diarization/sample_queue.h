#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "audio/sink.h"
#include "core/buffer.h"

namespace hearken {

// Samples on their way from the thread that reads the audio to the one that computes on overlapping windows of it. The
// reader appends and blocks while it is full; the consumer looks at a contiguous stretch, in place, and drops what it
// no longer needs from the front.
class SampleQueue : public SampleSink {
 public:
  // Room for `capacity` samples, and `margin` zeros behind the last one.
  SampleQueue(size_t capacity, size_t margin);

  void take(const float* samples, size_t count, CancelToken& cancel) override;
  void end() override;
  // The consumer is gone: what comes from now on is dropped, and nobody waits.
  void close();

  // Positions are samples from the first one that was put in.
  struct Stretch {
    const float* samples = nullptr;  // `margin` zeros follow the last one, once `ended`
    int64_t begin = 0, end = 0;
    bool ended = false;
    const float* at(int64_t position) const { return samples + (position - begin); }
  };
  // What there is, once it reaches `wanted` or the audio has ended, or once it reaches `least` and no more came for a
  // moment. What is in it stays in place until drop(). Throws Error kAborted.
  Stretch wait(int64_t least, int64_t wanted, CancelToken& cancel);
  // Nobody needs what lies before `position` any more.
  void drop(int64_t position);
  // What there is now.
  Stretch look() const;
  int64_t byteSize() const { return static_cast<int64_t>(buffer_.size()); }
  static int64_t bytesFor(size_t capacity, size_t margin) {
    return static_cast<int64_t>((capacity + margin) * sizeof(float));
  }

 private:
  void clearMargin();
  Stretch stretch() const { return {buffer_.floats(), begin_, begin_ + static_cast<int64_t>(count_), ended_}; }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  const size_t capacity_;
  Buffer buffer_;
  int64_t begin_ = 0;  // the position of the first sample
  size_t count_ = 0;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace hearken
