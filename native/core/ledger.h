#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace hearken {

enum class MemoryKind { kWeights, kStates, kAudio, kDiarization };

// Native bytes held by hearken in this process, by category. Counted by Allocation objects, which live and die with the
// memory they stand for, so that the figures cannot drift.
class Ledger {
 public:
  static Ledger& instance() {
    static Ledger ledger;
    return ledger;
  }
  void add(MemoryKind kind, int64_t bytes) noexcept {
    const int64_t now = bytes_[static_cast<size_t>(kind)].fetch_add(bytes) + bytes;
    auto& peak = peaks_[static_cast<size_t>(kind)];
    for (int64_t seen = peak.load(); now > seen && !peak.compare_exchange_weak(seen, now);) {
    }
  }
  int64_t bytes(MemoryKind kind) const noexcept { return bytes_[static_cast<size_t>(kind)].load(); }
  int64_t peak(MemoryKind kind) const noexcept { return peaks_[static_cast<size_t>(kind)].load(); }

 private:
  std::array<std::atomic<int64_t>, 4> bytes_{};
  std::array<std::atomic<int64_t>, 4> peaks_{};
};

// Counts `bytes` of `kind` from construction to destruction. Movable, not copyable.
class Allocation {
 public:
  Allocation() = default;
  Allocation(MemoryKind kind, int64_t bytes) : kind_(kind), bytes_(bytes) { Ledger::instance().add(kind, bytes); }
  Allocation(Allocation&& other) noexcept : kind_(other.kind_), bytes_(std::exchange(other.bytes_, 0)) {}
  Allocation& operator=(Allocation&& other) noexcept {
    if (this != &other) {
      release();
      kind_ = other.kind_;
      bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
  }
  ~Allocation() { release(); }
  int64_t bytes() const noexcept { return bytes_; }
  void resize(int64_t bytes) noexcept {
    Ledger::instance().add(kind_, bytes - bytes_);
    bytes_ = bytes;
  }

 private:
  void release() noexcept {
    if (bytes_ != 0) Ledger::instance().add(kind_, -bytes_);
    bytes_ = 0;
  }
  MemoryKind kind_ = MemoryKind::kAudio;
  int64_t bytes_ = 0;
};

}  // namespace hearken
