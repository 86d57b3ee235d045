#include "core/buffer.h"

#include <string>
#include <utility>

#include "core/error.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <sys/mman.h>
#endif

namespace hearken {

Buffer::Buffer(MemoryKind kind, size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
#ifdef _WIN32
  data_ = VirtualAlloc(nullptr, bytes, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
#else
  data_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data_ == MAP_FAILED) data_ = nullptr;
#endif
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
#ifdef _WIN32
  VirtualFree(data_, 0, MEM_RELEASE);
#else
  munmap(data_, size_);
#endif
  data_ = nullptr;
}

}  // namespace hearken
