#include "diarization/sample_queue.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace hearken {
namespace {

// How long a consumer that could go on waits for a larger batch.
constexpr auto kPatience = std::chrono::milliseconds(200);

}  // namespace

SampleQueue::SampleQueue(size_t capacity, size_t margin)
    : capacity_(capacity), buffer_(MemoryKind::kDiarization, static_cast<size_t>(bytesFor(capacity, margin))) {}

void SampleQueue::take(const float* samples, size_t count, CancelToken& cancel) {
  const auto wake = cancel.onCancel([this] { changed_.notify_all(); });
  std::unique_lock<std::mutex> lock(mutex_);
  while (count > 0 && !closed_) {
    // A cancel that comes between the test and the wait would be missed: nothing is waited for without an end.
    while (count_ == capacity_ && !closed_ && !cancel.cancelled()) {
      changed_.wait_for(lock, std::chrono::milliseconds(100));
    }
    cancel.throwIfCancelled();
    if (closed_) return;
    const size_t part = std::min(count, capacity_ - count_);
    std::memcpy(buffer_.floats() + count_, samples, part * sizeof(float));
    count_ += part;
    samples += part;
    count -= part;
    changed_.notify_all();
  }
}

void SampleQueue::end() {
  std::lock_guard<std::mutex> lock(mutex_);
  ended_ = true;
  clearMargin();
  changed_.notify_all();
}

// What lies behind the last sample is what was dropped from the front left there.
void SampleQueue::clearMargin() {
  std::fill(buffer_.floats() + count_, buffer_.floats() + buffer_.size() / sizeof(float), 0.0f);
}

void SampleQueue::close() {
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

SampleQueue::Stretch SampleQueue::wait(int64_t least, int64_t wanted, CancelToken& cancel) {
  const auto wake = cancel.onCancel([this] { changed_.notify_all(); });
  std::unique_lock<std::mutex> lock(mutex_);
  auto idleSince = std::chrono::steady_clock::now();
  int64_t seen = stretch().end;
  while (!ended_ && stretch().end < wanted) {
    cancel.throwIfCancelled();
    const auto now = std::chrono::steady_clock::now();
    if (stretch().end != seen) {
      seen = stretch().end;
      idleSince = now;
    }
    if (seen >= least && now - idleSince >= kPatience) break;
    changed_.wait_for(lock, std::chrono::milliseconds(100));
  }
  cancel.throwIfCancelled();
  return stretch();
}

void SampleQueue::drop(int64_t position) {
  std::lock_guard<std::mutex> lock(mutex_);
  const size_t count = std::min(static_cast<size_t>(std::max<int64_t>(0, position - begin_)), count_);
  std::memmove(buffer_.floats(), buffer_.floats() + count, (count_ - count) * sizeof(float));
  count_ -= count;
  begin_ += static_cast<int64_t>(count);
  if (ended_) clearMargin();
  changed_.notify_all();
}

SampleQueue::Stretch SampleQueue::look() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return stretch();
}

}  // namespace hearken
