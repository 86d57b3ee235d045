#include "core/ledger.h"

#include <algorithm>

namespace hearken {

void Ledger::watch(MemoryPeaks* peaks) {
  std::lock_guard<std::mutex> lock(mutex_);
  watches_.push_back(peaks);
  ++watching_;
  for (size_t i = 0; i < kMemoryKinds; ++i) raise(peaks->kinds[i], bytes_[i].load());
  raise(peaks->total, total_.load());
}

void Ledger::unwatch(MemoryPeaks* peaks) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find(watches_.begin(), watches_.end(), peaks);
  if (found == watches_.end()) return;
  watches_.erase(found);
  --watching_;
}

void Ledger::tell(MemoryKind kind, int64_t now, int64_t total) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  for (MemoryPeaks* peaks : watches_) {
    raise(peaks->kinds[static_cast<size_t>(kind)], now);
    raise(peaks->total, total);
  }
}

}  // namespace hearken
