#pragma once

#include <cstddef>
#include <cstdint>

// Stands in for the allocator (and for pthread_create) of the binary that it is linked into, and makes chosen calls
// fail. glibc only: elsewhere there is nothing to stand in front of.
namespace failing {

struct Plan {
  size_t atLeast = 1;         // only allocations of this many bytes and more count
  int64_t from = 0;           // the first one that fails, from 1; 0: none
  bool persistently = false;  // all from there on, or only that one
  bool threads = false;       // threads instead of memory
};

// Counts and fails from here on, in all threads, until disarm(). What else is freed and allocated is only kept in the
// books.
void arm(const Plan& plan);
// Returns how many calls counted since arm().
int64_t disarm();
// Failed since arm(), and the size of the first.
int64_t failures();
size_t failedBytes();
// Writes where the first one was asked for; for whoever reads a failed test.
void printPlace();

// Heap blocks and anonymous mappings that are held now.
struct Held {
  int64_t blocks = 0;
  int64_t bytes = 0;
  bool operator==(const Held& other) const { return blocks == other.blocks && bytes == other.bytes; }
};
Held held();

}  // namespace failing
