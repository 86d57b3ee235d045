#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "audio/sink.h"
#include "core/buffer.h"

namespace hearken {

// Frames of a source on their way from the thread that decodes it to the one that listens to its channels. The decoder
// appends and blocks while it is full. One queue for all channels: none can run ahead of another or wait for it.
class FrameQueue : public FrameSink {
 public:
  static constexpr int kMostChannels = 8;

  struct Format {
    int sampleRate = 0;
    int channels = 0;
  };

  // Throws kInvalidArg unless the source has 2 to kMostChannels channels.
  void open(const DecoderFormat& format) override;
  void take(int64_t position, const float* frames, size_t count, CancelToken& cancel) override;
  void end();  // there are no more
  // The consumer is gone: what comes from now on is dropped, and nobody waits.
  void close();

  // Blocks until the source is open. Throws Error kAborted, as read() does.
  Format format(CancelToken& cancel);
  // Copies frames [from, to) of the audio; those before are dropped. Blocks until they have come; fewer only at the
  // end.
  size_t read(int64_t from, int64_t to, float* out, CancelToken& cancel);

  // The frame behind the last that came, and whether it is the last of all.
  int64_t reached() const;
  bool ended() const;
  int64_t byteSize() const;
  static int64_t bytesFor(const Format& format);  // before it is open

 private:
  size_t channels() const { return static_cast<size_t>(format_.channels); }
  static size_t capacityFor(const Format& format);
  void drop(size_t count);
  template <typename Done>
  void waitUntil(std::unique_lock<std::mutex>& lock, CancelToken& cancel, Done done);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Format format_;
  Buffer ring_;
  size_t capacity_ = 0;  // in frames, as all below
  size_t first_ = 0;     // where in the ring the oldest is
  size_t count_ = 0;
  int64_t position_ = 0;  // of the oldest in the audio
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace hearken
