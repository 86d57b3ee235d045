// The ledger, what watches it, and the system's own figure.
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "check.h"
#include "core/buffer.h"
#include "core/ledger.h"
#include "core/memory_watch.h"
#include "core/rss.h"

using namespace hearken;

namespace {

constexpr int64_t kMiB = 1 << 20;

Buffer touched(MemoryKind kind, int64_t bytes) {
  Buffer buffer(kind, static_cast<size_t>(bytes));
  std::memset(buffer.data(), 1, buffer.size());
  return buffer;
}

bool within(int milliseconds, const std::function<bool()>& holds) {
  for (int waited = 0; waited < milliseconds; waited += 5) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return holds();
}

}  // namespace

TEST(memory_watch_keeps_peaks_that_nobody_sampled) {
  const Buffer before(MemoryKind::kWeights, 3 * kMiB);
  const int64_t weights = Ledger::instance().bytes(MemoryKind::kWeights);
  const int64_t total = Ledger::instance().total();
  MemoryWatch watch;
  { const Buffer first(MemoryKind::kStates, 5 * kMiB); }
  { const Buffer second(MemoryKind::kAudio, 4 * kMiB); }
  const MemoryWatch::Reading reading = watch.read();
  CHECK(reading.peaks[static_cast<size_t>(MemoryKind::kWeights)] == weights);
  CHECK(reading.peaks[static_cast<size_t>(MemoryKind::kStates)] ==
        Ledger::instance().bytes(MemoryKind::kStates) + 5 * kMiB);
  // Both were never there at once: the peak of the sum is less than the sum of the peaks.
  CHECK(reading.peakTotal == total + 5 * kMiB);

  MemoryWatch later;
  CHECK(later.read().peakTotal == total);
  CHECK(watch.read().peakTotal == total + 5 * kMiB);
}

TEST(memory_watch_is_exact_beside_other_threads) {
  MemoryWatch watch;
  const int64_t before = Ledger::instance().total();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int k = 0; k < 5000; ++k) {
        const Allocation held(MemoryKind::kAudio, 1000);
        if (k % 100 == 0) MemoryWatch{}.read();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(Ledger::instance().total() == before);
  const int64_t peak = watch.read().peakTotal - before;
  CHECK(peak >= 1000);
  CHECK(peak <= 4000);
}

TEST(memory_watch_samples_resident_memory_in_the_background) {
  MemoryWatch watch;
  const int64_t before = watch.read().rssBefore;
  REQUIRE(before > 0);
  {
    const Buffer buffer = touched(MemoryKind::kAudio, 64 * kMiB);
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
  }
  const MemoryWatch::Reading after = watch.read();
  CHECK(after.rssPeak >= before + 60 * kMiB);
  CHECK(after.rss < before + 32 * kMiB);  // a Buffer is mapped: freed is gone
  CHECK(after.rssPeak >= after.rss);
}

TEST(memory_watch_thread_ends_with_the_last_watch) {
  auto one = std::make_unique<MemoryWatch>();
  auto two = std::make_unique<MemoryWatch>();
  CHECK(MemoryWatch::sampling());
  one.reset();
  CHECK(MemoryWatch::sampling());
  two.reset();
  CHECK(within(2000, [] { return !MemoryWatch::sampling(); }));
  const MemoryWatch again;
  CHECK(MemoryWatch::sampling());
}

TEST(trimming_returns_what_the_heap_kept) {
#ifdef __GLIBC__
  std::vector<std::unique_ptr<char[]>> blocks;
  for (int i = 0; i < 1024; ++i) {  // below the threshold from which glibc maps
    blocks.push_back(std::make_unique<char[]>(32 * 1024));
    std::memset(blocks.back().get(), 1, 32 * 1024);
  }
  const auto last = std::make_unique<char[]>(64);  // on top of the heap: without a trim it stays where it is
  const int64_t held = residentBytes();
  blocks.clear();
  trimHeap();
  CHECK(residentBytes() < held - 24 * kMiB);
#else
  throw check::Skip{"the C library has no way to trim its heap"};
#endif
}
