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

  struct Stretch {
    const float* samples = nullptr;  // the first `count` are audio, `margin` zeros follow once `ended`
    size_t count = 0;
    bool ended = false;
  };
  // What there is, once there are `wanted` samples or the audio has ended, or once there are `least` and no more came
  // for a moment.
  // What is in it stays in place until drop(). Throws Error kAborted.
  Stretch wait(size_t least, size_t wanted, CancelToken& cancel);
  void drop(size_t count);
  // Samples there are now, and whether they are the last.
  Stretch look() const;
  int64_t byteSize() const { return static_cast<int64_t>(buffer_.size()); }

 private:
  void clearMargin();
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  const size_t capacity_;
  Buffer buffer_;
  size_t count_ = 0;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace hearken
