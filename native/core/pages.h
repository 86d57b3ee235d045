#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/ledger.h"

namespace hearken {

// Whole pages from the system, zeroed; null if there are none left. Freed, they are the system's again, while a heap
// may keep them: glibc's stops to map large blocks of its own accord once some have been freed.
void* mapPages(size_t bytes) noexcept;
void unmapPages(void* pages, size_t bytes) noexcept;

// Blocks of a vector from here on are mapped.
constexpr size_t kMapFrom = 64 * 1024;

// The memory of a vector of numbers: large blocks are mapped, and all of it is counted in the ledger, from allocation
// to free. Throws std::bad_alloc, as a vector's users expect.
template <typename T, MemoryKind kind>
class LedgerAllocator {
 public:
  using value_type = T;
  template <typename U>
  struct rebind {
    using other = LedgerAllocator<U, kind>;
  };

  LedgerAllocator() = default;
  template <typename U>
  LedgerAllocator(const LedgerAllocator<U, kind>&) {}  // NOLINT: as allocators are

  T* allocate(size_t n) {
    const size_t bytes = n * sizeof(T);
    void* data = bytes >= kMapFrom ? mapPages(bytes) : ::operator new(bytes);
    if (!data) throw std::bad_alloc();
    Ledger::instance().add(kind, static_cast<int64_t>(bytes));
    return static_cast<T*>(data);
  }
  void deallocate(T* data, size_t n) noexcept {
    const size_t bytes = n * sizeof(T);
    Ledger::instance().add(kind, -static_cast<int64_t>(bytes));
    if (bytes >= kMapFrom) {
      unmapPages(data, bytes);
    } else {
      ::operator delete(data);
    }
  }
  template <typename U>
  bool operator==(const LedgerAllocator<U, kind>&) const {
    return true;
  }
  template <typename U>
  bool operator!=(const LedgerAllocator<U, kind>&) const {
    return false;
  }

 private:
  static_assert(std::is_arithmetic_v<T>, "for numbers: what elements hold of their own would not be counted");
};

template <typename T, MemoryKind kind>
using LedgerVector = std::vector<T, LedgerAllocator<T, kind>>;

}  // namespace hearken
