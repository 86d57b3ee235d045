#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace hearken {

enum class MemoryKind { kWeights, kStates, kAudio, kDiarization };
constexpr size_t kMemoryKinds = 4;

// The highest figures since some moment: of each category, and of their sum (not the sum of the categories' peaks).
struct MemoryPeaks {
  std::array<std::atomic<int64_t>, kMemoryKinds> kinds{};
  std::atomic<int64_t> total{0};
};

// Native bytes held by hearken in this process, by category. Counted by Allocation objects, which live and die with the
// memory they stand for, so that the figures cannot drift.
class Ledger {
 public:
  static Ledger& instance() {
    static Ledger* ledger = new Ledger;  // never destroyed: memory may be freed after main()
    return *ledger;
  }
  void add(MemoryKind kind, int64_t bytes) noexcept {
    const int64_t now = bytes_[static_cast<size_t>(kind)].fetch_add(bytes) + bytes;
    const int64_t total = total_.fetch_add(bytes) + bytes;
    if (bytes <= 0) return;
    raise(peaks_.kinds[static_cast<size_t>(kind)], now);
    raise(peaks_.total, total);
    // A watch that begins at this moment either is seen here, or sees these bytes when it takes its first figures.
    if (watching_.load() != 0) tell(kind, now, total);
  }
  int64_t bytes(MemoryKind kind) const noexcept { return bytes_[static_cast<size_t>(kind)].load(); }
  int64_t total() const noexcept { return total_.load(); }
  // Since the process began.
  int64_t peak(MemoryKind kind) const noexcept { return peaks_.kinds[static_cast<size_t>(kind)].load(); }

  // Keeps `peaks` up to date, from what is held now on, until unwatch().
  void watch(MemoryPeaks* peaks);
  void unwatch(MemoryPeaks* peaks) noexcept;

 private:
  static void raise(std::atomic<int64_t>& peak, int64_t now) noexcept {
    for (int64_t seen = peak.load(); now > seen && !peak.compare_exchange_weak(seen, now);) {
    }
  }
  void tell(MemoryKind kind, int64_t now, int64_t total) noexcept;

  std::array<std::atomic<int64_t>, kMemoryKinds> bytes_{};
  std::atomic<int64_t> total_{0};
  MemoryPeaks peaks_;
  std::atomic<int> watching_{0};
  std::mutex mutex_;
  std::vector<MemoryPeaks*> watches_;
};

// Counts `bytes` of `kind` from construction to destruction. Movable, not copyable.
class Allocation {
 public:
  Allocation() = default;
  Allocation(MemoryKind kind, int64_t bytes) : kind_(kind), bytes_(bytes) { Ledger::instance().add(kind, bytes); }
  Allocation(Allocation&& other) noexcept : kind_(other.kind_), bytes_(other.bytes_.exchange(0)) {}
  Allocation& operator=(Allocation&& other) noexcept {
    if (this != &other) {
      release();
      kind_ = other.kind_;
      bytes_ = other.bytes_.exchange(0);
    }
    return *this;
  }
  ~Allocation() { release(); }
  // May be asked for while another thread resizes.
  int64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  void resize(int64_t bytes) noexcept {
    const int64_t change = bytes - bytes_.exchange(bytes, std::memory_order_relaxed);
    if (change != 0) Ledger::instance().add(kind_, change);
  }

 private:
  void release() noexcept { resize(0); }
  MemoryKind kind_ = MemoryKind::kAudio;
  std::atomic<int64_t> bytes_{0};
};

}  // namespace hearken
