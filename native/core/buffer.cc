#include "core/buffer.h"

#include <string>
#include <utility>

#include "core/error.h"
#include "core/pages.h"

namespace hearken {

Buffer::Buffer(MemoryKind kind, size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  data_ = mapPages(bytes);
  if (!data_) throw Error(codes::kOutOfMemory, "the system has no " + std::to_string(bytes) + " bytes of memory left");
  memory_ = Allocation(kind, static_cast<int64_t>(bytes));
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      memory_(std::move(other.memory_)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    memory_ = std::move(other.memory_);
  }
  return *this;
}

void Buffer::release() noexcept {
  if (!data_) return;
  unmapPages(data_, size_);
  data_ = nullptr;
}

}  // namespace hearken
