#include "core/parallel.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "core/thread_pool.h"

namespace hearken {
namespace {

// Shared with tasks that may begin when all is over, and then find nothing left to do.
class Parts {
 public:
  Parts(int count, const std::function<void(int)>& work) : work_(work), taken_(static_cast<size_t>(count)) {}

  // Runs a part, unless somebody else took it.
  void run(int part) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (taken_[static_cast<size_t>(part)]) return;
      taken_[static_cast<size_t>(part)] = true;
      ++running_;
    }
    std::exception_ptr failure;
    try {
      work_(part);
    } catch (...) {
      failure = std::current_exception();
    }
    std::lock_guard<std::mutex> lock(mutex_);
    if (failure && !failure_) failure_ = failure;
    --running_;
    ended_.notify_one();
  }

  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    ended_.wait(lock, [&] { return running_ == 0; });
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  const std::function<void(int)>& work_;  // the caller's: there as long as a part runs
  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<bool> taken_;
  int running_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

void inParallel(int threads, const std::function<void(int thread)>& work) {
  if (threads <= 1) return work(0);
  const auto parts = std::make_shared<Parts>(threads, work);
  try {
    for (int thread = 1; thread < threads; ++thread) {
      ThreadPool::instance().submit([parts, thread] { parts->run(thread); });
    }
  } catch (const std::exception&) {
    // No thread to be had, or no memory for a task: what nobody took is done here.
  }
  for (int thread = 0; thread < threads; ++thread) parts->run(thread);
  parts->wait();
}

}  // namespace hearken
