#include "audio/byte_reader.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace hearken {
namespace {

class MemorySource : public ByteSource {
 public:
  MemorySource(const uint8_t* data, size_t size, std::shared_ptr<void> owner)
      : data_(data), size_(size), owner_(std::move(owner)) {}
  size_t read(uint8_t* out, size_t n, CancelToken& cancel) override {
    cancel.throwIfCancelled();
    n = std::min(n, size_ - offset_);
    if (n) std::memcpy(out, data_ + offset_, n);
    offset_ += n;
    return n;
  }
  bool seekable() const override { return true; }
  void seek(uint64_t offset) override { offset_ = static_cast<size_t>(std::min<uint64_t>(offset, size_)); }
  std::optional<uint64_t> size() const override { return size_; }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t offset_ = 0;
  std::shared_ptr<void> owner_;
};

class QueueSource : public ByteSource {
 public:
  explicit QueueSource(std::shared_ptr<ByteQueue> queue) : queue_(std::move(queue)) {}
  ~QueueSource() override { queue_->close(); }
  size_t read(uint8_t* out, size_t n, CancelToken& cancel) override { return queue_->read(out, n, cancel); }

 private:
  std::shared_ptr<ByteQueue> queue_;
};

}  // namespace

std::unique_ptr<ByteSource> openMemorySource(const uint8_t* data, size_t size, std::shared_ptr<void> owner) {
  return std::make_unique<MemorySource>(data, size, std::move(owner));
}

std::unique_ptr<ByteSource> openQueueSource(std::shared_ptr<ByteQueue> queue) {
  return std::make_unique<QueueSource>(std::move(queue));
}

ByteReader::ByteReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)), window_(2 * kWindow) {}

const uint8_t* ByteReader::peek(size_t n, size_t& got, CancelToken& cancel) {
  n = std::min(n, kWindow);
  if (end_ - begin_ < n && begin_ + n > window_.size()) {
    std::memmove(window_.data(), window_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < n) {
    const size_t more = source_->read(window_.data() + end_, window_.size() - end_, cancel);
    if (more == 0) break;
    end_ += more;
  }
  got = std::min(n, end_ - begin_);
  return window_.data() + begin_;
}

size_t ByteReader::read(uint8_t* out, size_t n, CancelToken& cancel) {
  size_t done = 0;
  while (done < n) {
    size_t got = 0;
    const uint8_t* data = peek(std::min(n - done, kWindow), got, cancel);
    if (got == 0) break;
    std::memcpy(out + done, data, got);
    begin_ += got;
    offset_ += got;
    done += got;
  }
  return done;
}

bool ByteReader::skip(uint64_t n, CancelToken& cancel) {
  const size_t held = static_cast<size_t>(std::min<uint64_t>(n, end_ - begin_));
  begin_ += held;
  offset_ += held;
  n -= held;
  if (n == 0) return true;
  if (seekable()) {
    const uint64_t size = source_->size().value_or(0);
    const bool inside = offset_ <= size && n <= size - offset_;
    seek(inside ? offset_ + n : size);
    return inside;
  }
  while (n > 0) {
    begin_ = end_ = 0;
    const size_t got = source_->read(window_.data(), window_.size(), cancel);
    if (got == 0) return false;
    const size_t taken = static_cast<size_t>(std::min<uint64_t>(n, got));
    begin_ = taken;
    end_ = got;
    offset_ += taken;
    n -= taken;
  }
  return true;
}

void ByteReader::seek(uint64_t offset) {
  if (!seekable()) throw Error(codes::kInternal, "seek in an audio source that is read forwards only");
  const uint64_t windowStart = offset_ - begin_;
  if (offset >= windowStart && offset <= windowStart + end_) {
    begin_ = static_cast<size_t>(offset - windowStart);
  } else {
    source_->seek(offset);
    begin_ = end_ = 0;
  }
  offset_ = offset;
}

}  // namespace hearken
