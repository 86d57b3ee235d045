#pragma once

#include <cstdint>

namespace hearken {

// Bytes of this process that are in physical memory, as the operating system counts them; 0 where it does not tell.
// Cheap (some microseconds), from any thread.
int64_t residentBytes() noexcept;

// Gives what the heap holds of freed memory back to the system, where the C library can (glibc). Takes milliseconds,
// and other threads' allocations wait for it.
void trimHeap() noexcept;

}  // namespace hearken
