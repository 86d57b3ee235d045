#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "audio/reader.h"
#include "core/ledger.h"

namespace hearken {

// Bytes on their way from a JS stream to the decoder. push() never blocks; the pusher waits while full() says so.
class ByteQueue {
 public:
  explicit ByteQueue(size_t capacity = 1 << 20) : capacity_(capacity) {}
  void push(std::vector<uint8_t> bytes);
  void finish();                   // end of the stream
  void fail(std::string message);  // the JS stream broke: read() throws ERR_AUDIO_READ with this message
  void close() noexcept;           // the reader is gone: later pushes are dropped, full() is false
  bool full() const;
  bool closed() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return closed_;
  }
  // Called (on the reader's thread) each time the queue stops being full or is closed. Doesn't throw.
  void onRoom(std::function<void()> callback);
  // Blocks until there is at least one byte, the end (0), a failure or a cancel (both throw).
  size_t read(uint8_t* out, size_t n, CancelToken& cancel);

 private:
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::vector<uint8_t>> blocks_;
  size_t offset_ = 0;  // into blocks_.front()
  size_t size_ = 0;
  Allocation memory_;  // counts blocks_, the front one in whole until it is dropped
  size_t capacity_;
  bool finished_ = false;
  bool closed_ = false;
  std::string failure_;
  std::shared_ptr<const std::function<void()>> room_;
};

// Raw PCM in a stream, for sources that have no header.
struct PcmFormat {
  enum class Sample { kF32, kS16 } sample = Sample::kS16;  // little endian, interleaved
  int sampleRate = kSampleRate;
  int channels = 1;
};

// Each throws Error: kAudioNotFound, kAudioFormat, kAudioFfmpeg, kAudioRead, kInvalidArg (a channel that is not there).
std::unique_ptr<AudioReader> openFile(const std::string& path, const ReaderOptions& options, CancelToken& cancel);
// `owner` keeps data[0 .. size) alive and unchanged while the reader lives.
std::unique_ptr<AudioReader> openBytes(const uint8_t* data, size_t size, std::shared_ptr<void> owner,
                                       const ReaderOptions& options, CancelToken& cancel);
// 16 kHz mono samples of the caller; values that are not finite read as 0.
std::unique_ptr<AudioReader> openPcm(const float* data, size_t size, std::shared_ptr<void> owner);
// An encoded stream (its container is found from the first bytes), or raw PCM where `pcm` is given. Not seekable.
std::unique_ptr<AudioReader> openStream(std::shared_ptr<ByteQueue> queue, const PcmFormat* pcm,
                                        const ReaderOptions& options, CancelToken& cancel);

// The ffmpeg that would be run: `wanted` or the first on PATH; empty if there is none.
std::string findFfmpeg(const std::string& wanted);

}  // namespace hearken
