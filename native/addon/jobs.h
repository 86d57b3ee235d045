#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>

#include "core/cancel.h"

namespace hearken {

// The running jobs of one JS environment (or, for the process, of all): so that an end can cancel and outwait them.
class JobSet {
 public:
  void add(const CancelPtr& token) {
    std::lock_guard<std::mutex> lock(mutex_);
    tokens_.insert(token);
    if (closing_) token->cancel();
  }
  void remove(const CancelPtr& token) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = tokens_.find(token);
    if (found != tokens_.end()) tokens_.erase(found);
    if (tokens_.empty()) idle_.notify_all();
  }
  // Cancels all jobs, present and future, and waits until none is left.
  void shutdown() {
    std::unique_lock<std::mutex> lock(mutex_);
    closing_ = true;
    const auto tokens = tokens_;
    lock.unlock();
    for (const auto& token : tokens) token->cancel();
    lock.lock();
    idle_.wait(lock, [this] { return tokens_.empty(); });
  }

  static JobSet& process();

 private:
  std::mutex mutex_;
  std::condition_variable idle_;
  std::multiset<CancelPtr> tokens_;  // a token may be shared by several jobs
  bool closing_ = false;
};

}  // namespace hearken
