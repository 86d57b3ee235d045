#include "diarization/frame_queue.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "audio/decoder.h"
#include "core/error.h"

namespace hearken {
namespace {

constexpr size_t kAheadSeconds = 10;
constexpr size_t kMostFloats = size_t{1} << 20;

}  // namespace

void FrameQueue::open(const DecoderFormat& format) {
  if (format.channels == 1) {
    throw Error(
        codes::kInvalidArg,
        "the audio has one channel, so its speakers can't be told by channel: have them told by voice, which is "
        "the default");
  }
  if (format.channels > kMostChannels) {
    throw Error(codes::kInvalidArg, "the audio has " + std::to_string(format.channels) + " channels, and at most " +
                                        std::to_string(kMostChannels) +
                                        " can be a speaker each: have speakers told by voice, which is the default");
  }
  std::lock_guard<std::mutex> lock(mutex_);
  format_ = {format.sampleRate, format.channels};
  capacity_ = capacityFor(format_);
  ring_ = Buffer(MemoryKind::kDiarization, static_cast<size_t>(bytesFor(format_)));
  changed_.notify_all();
}

size_t FrameQueue::capacityFor(const Format& format) {
  return std::min(kAheadSeconds * static_cast<size_t>(format.sampleRate),
                  kMostFloats / static_cast<size_t>(format.channels));
}

int64_t FrameQueue::bytesFor(const Format& format) {
  return static_cast<int64_t>(capacityFor(format) * static_cast<size_t>(format.channels) * sizeof(float));
}

// A cancel that comes between the test and the wait would be missed: nothing is waited for without an end.
template <typename Done>
void FrameQueue::waitUntil(std::unique_lock<std::mutex>& lock, CancelToken& cancel, Done done) {
  while (!done()) {
    cancel.throwIfCancelled();
    changed_.wait_for(lock, std::chrono::milliseconds(100));
  }
}

void FrameQueue::take(int64_t position, const float* frames, size_t count, CancelToken& cancel) {
  const auto wake = cancel.onCancel([this] { changed_.notify_all(); });
  std::unique_lock<std::mutex> lock(mutex_);
  while (count > 0) {
    waitUntil(lock, cancel, [this] { return count_ < capacity_ || closed_; });
    if (closed_) return;
    if (count_ == 0) position_ = position;
    const size_t next = (first_ + count_) % capacity_;
    const size_t part = std::min({count, capacity_ - count_, capacity_ - next});
    std::copy_n(frames, part * channels(), ring_.floats() + next * channels());
    count_ += part;
    position += static_cast<int64_t>(part);
    frames += part * channels();
    count -= part;
    changed_.notify_all();
  }
}

void FrameQueue::end() {
  std::lock_guard<std::mutex> lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void FrameQueue::close() {
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

FrameQueue::Format FrameQueue::format(CancelToken& cancel) {
  const auto wake = cancel.onCancel([this] { changed_.notify_all(); });
  std::unique_lock<std::mutex> lock(mutex_);
  waitUntil(lock, cancel, [this] { return format_.channels > 0; });
  return format_;
}

void FrameQueue::drop(size_t count) {
  first_ = (first_ + count) % capacity_;
  count_ -= count;
  position_ += static_cast<int64_t>(count);
  changed_.notify_all();
}

size_t FrameQueue::read(int64_t from, int64_t to, float* out, CancelToken& cancel) {
  const auto wake = cancel.onCancel([this] { changed_.notify_all(); });
  std::unique_lock<std::mutex> lock(mutex_);
  size_t done = 0;
  while (from < to) {
    waitUntil(lock, cancel, [this] { return count_ > 0 || ended_; });
    cancel.throwIfCancelled();
    if (count_ == 0) break;
    if (position_ < from) {
      drop(static_cast<size_t>(std::min<int64_t>(from - position_, static_cast<int64_t>(count_))));
      continue;
    }
    if (position_ > from) throw Error(codes::kInternal, "the channels' first frames were not handed over");
    const size_t part = std::min({static_cast<size_t>(to - from), count_, capacity_ - first_});
    std::copy_n(ring_.floats() + first_ * channels(), part * channels(), out + done * channels());
    drop(part);
    done += part;
    from += static_cast<int64_t>(part);
  }
  return done;
}

int64_t FrameQueue::reached() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return position_ + static_cast<int64_t>(count_);
}

bool FrameQueue::ended() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return ended_;
}

int64_t FrameQueue::byteSize() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int64_t>(ring_.size());
}

}  // namespace hearken
