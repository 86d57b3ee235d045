#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace hearken {

// Set once, from any thread; polled by loops and by ggml's abort callback. Blocking waits register a wake-up.
class CancelToken {
 public:
  void cancel() {
    cancelled_.store(true, std::memory_order_release);
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& entry : wakers_) entry.second();
  }

  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }

  void throwIfCancelled() const {
    if (cancelled()) throw Error(codes::kAborted, "the operation was aborted");
  }

  // Calls `wake` at cancel() while the returned guard lives (at once if already cancelled). `wake` must not block.
  std::shared_ptr<void> onCancel(std::function<void()> wake) {
    const int id = next_++;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (cancelled()) wake();
      wakers_.emplace(id, std::move(wake));
    }
    return std::shared_ptr<void>(nullptr, [this, id](void*) {
      std::lock_guard<std::mutex> lock(mutex_);
      wakers_.erase(id);
    });
  }

 private:
  std::atomic<bool> cancelled_{false};
  std::atomic<int> next_{0};
  std::mutex mutex_;
  std::unordered_map<int, std::function<void()>> wakers_;
};

using CancelPtr = std::shared_ptr<CancelToken>;

}  // namespace hearken
