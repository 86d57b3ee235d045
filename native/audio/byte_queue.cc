#include <algorithm>
#include <cstring>

#include "audio/sources.h"
#include "core/error.h"

namespace hearken {

void ByteQueue::push(std::vector<uint8_t> bytes) {
  if (bytes.empty()) return;
  std::lock_guard<std::mutex> lock(mutex_);
  if (closed_ || finished_) return;
  const auto capacity = static_cast<int64_t>(bytes.capacity());
  const size_t more = bytes.size();
  blocks_.push_back(std::move(bytes));
  size_ += more;
  memory_.resize(memory_.bytes() + capacity);
  ready_.notify_all();
}

void ByteQueue::finish() {
  std::lock_guard<std::mutex> lock(mutex_);
  finished_ = true;
  ready_.notify_all();
}

void ByteQueue::fail(std::string message) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (finished_) return;
  finished_ = true;
  failure_ = message.empty() ? "the audio stream failed" : std::move(message);
  ready_.notify_all();
}

void ByteQueue::close() noexcept {
  std::shared_ptr<const std::function<void()>> room;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    closed_ = true;
    blocks_.clear();
    offset_ = size_ = 0;
    memory_.resize(0);
    room = room_;
    ready_.notify_all();
  }
  if (room) (*room)();
}

bool ByteQueue::full() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return !closed_ && size_ >= capacity_;
}

void ByteQueue::onRoom(std::function<void()> callback) {
  std::shared_ptr<const std::function<void()>> room;
  if (callback) room = std::make_shared<const std::function<void()>>(std::move(callback));
  std::lock_guard<std::mutex> lock(mutex_);
  room_ = std::move(room);
}

size_t ByteQueue::read(uint8_t* out, size_t n, CancelToken& cancel) {
  // The waker takes the mutex, so that a cancel cannot fall between the wait's test and its sleep.
  const auto waker = cancel.onCancel([this] {
    std::lock_guard<std::mutex> lock(mutex_);
    ready_.notify_all();
  });
  std::shared_ptr<const std::function<void()>> room;
  size_t done = 0;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    ready_.wait(lock, [&] { return size_ > 0 || finished_ || closed_ || cancel.cancelled(); });
    cancel.throwIfCancelled();
    if (closed_) throw Error(codes::kClosed, "the audio stream is closed");
    if (size_ == 0 && !failure_.empty()) throw Error(codes::kAudioRead, failure_);
    const bool wasFull = size_ >= capacity_;
    while (done < n && !blocks_.empty()) {
      auto& front = blocks_.front();
      const size_t part = std::min(n - done, front.size() - offset_);
      std::memcpy(out + done, front.data() + offset_, part);
      done += part;
      offset_ += part;
      size_ -= part;
      if (offset_ == front.size()) {
        memory_.resize(memory_.bytes() - static_cast<int64_t>(front.capacity()));
        blocks_.pop_front();
        offset_ = 0;
      }
    }
    if (wasFull && size_ < capacity_) room = room_;
  }
  if (room) (*room)();
  return done;
}

}  // namespace hearken
