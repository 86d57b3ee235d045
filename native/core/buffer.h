#pragma once

#include <cstddef>
#include <cstdint>

#include "core/ledger.h"

namespace hearken {

// A large block of memory, mapped from the system and given back to it at the end of its life (a heap would keep it),
// counted in the ledger. Zeroed, aligned to at least 64 bytes. Movable.
class Buffer {
 public:
  Buffer() = default;
  // Throws Error kOutOfMemory.
  Buffer(MemoryKind kind, size_t bytes);
  ~Buffer() { release(); }
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;

  void* data() const { return data_; }
  float* floats() const { return static_cast<float*>(data_); }
  size_t size() const { return size_; }

 private:
  void release() noexcept;
  void* data_ = nullptr;
  size_t size_ = 0;
  Allocation memory_;
};

}  // namespace hearken
