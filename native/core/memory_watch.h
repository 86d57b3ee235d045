#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/ledger.h"

namespace hearken {

// What the process takes while this lives: its resident memory, sampled by a thread that all watches share, and the
// ledger's peaks, which are exact. Both are of the whole process.
class MemoryWatch {
 public:
  struct Reading {
    int64_t rss = 0, rssBefore = 0, rssPeak = 0;
    std::array<int64_t, kMemoryKinds> peaks{};
    int64_t peakTotal = 0;
  };

  // Throws Error kOutOfMemory if the sampling thread can't be started.
  MemoryWatch();
  ~MemoryWatch();
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  // Takes a sample of its own, so that what is there now is never above the peak.
  Reading read();

  // Ends the sampling thread, for good: at the end of the process.
  static void stopSampling() noexcept;
  // Whether there is one. It ends with the last watch.
  static bool sampling() noexcept;

 private:
  friend class Sampler;
  void sample(int64_t rss) noexcept;
  int64_t before_;
  std::atomic<int64_t> peak_;
  MemoryPeaks native_;
};

}  // namespace hearken
