#pragma once

#include <cstdint>

namespace hearken {

// Bytes of this process that are in physical memory, as the operating system counts them; 0 where it does not tell.
// Cheap (some microseconds), from any thread.
int64_t residentBytes() noexcept;

// For the whole process: glibc raises the sizes from which on it maps blocks and gives back the top of a heap to that
// of the largest mapped block that was freed (up to 32 and 64 MB). Here they stay at what they are at first, 128 KB, so
// that what is freed does not stay. Measured over five short jobs, resident beside native memory: 22 MB before, 2
// after.
void keepHeapTrimmed() noexcept;

// Gives what the heap holds of freed memory back to the system, where the C library can (glibc). Takes milliseconds,
// and other threads' allocations wait for it.
void trimHeap() noexcept;

}  // namespace hearken
