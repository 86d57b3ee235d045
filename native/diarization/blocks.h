#pragma once

#include <cstddef>
#include <type_traits>
#include <vector>

#include "core/buffer.h"

namespace hearken {

// A list that only grows, in blocks of `kPerBlock` elements: never copied to grow, so its memory is what it holds and
// one block, and goes back to the system.
template <typename T, size_t kPerBlock>
class Blocks {
  static_assert(std::is_trivially_copyable<T>::value, "lives in plain memory");

 public:
  // Throws Error kOutOfMemory, and the list is as it was.
  T& append(const T& value) {
    if (size_ == blocks_.size() * kPerBlock) blocks_.emplace_back(MemoryKind::kDiarization, kPerBlock * sizeof(T));
    T& place = at(size_);
    place = value;
    ++size_;
    return place;
  }
  const T& operator[](size_t i) const { return const_cast<Blocks*>(this)->at(i); }
  size_t size() const { return size_; }
  static constexpr int64_t kBlockBytes = kPerBlock * sizeof(T);
  int64_t byteSize() const { return static_cast<int64_t>(blocks_.size() * kPerBlock * sizeof(T)); }

 private:
  T& at(size_t i) { return static_cast<T*>(blocks_[i / kPerBlock].data())[i % kPerBlock]; }
  std::vector<Buffer> blocks_;
  size_t size_ = 0;
};

}  // namespace hearken
