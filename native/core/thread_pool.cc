#include "core/thread_pool.h"

#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include "core/error.h"

namespace hearken {

ThreadPool& ThreadPool::instance() {
  static ThreadPool* pool = new ThreadPool;
  return *pool;
}

void ThreadPool::submit(std::function<void()> task) {
  std::unique_lock<std::mutex> lock(mutex_);
  tasks_.push_back(std::move(task));
  if (idle_ >= tasks_.size()) {
    wake_.notify_one();
    return;
  }
  try {
    std::thread([this] { run(); }).detach();
    ++threads_;
  } catch (const std::exception&) {
    // No further thread can be had: one that there is takes the task when it is free. With none there is nobody to wait
    // for.
    if (threads_ > 0) return;
    tasks_.pop_back();
    throw Error(codes::kOutOfMemory, "no thread can be started: the process is at its limit of threads");
  }
}

void ThreadPool::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    while (!tasks_.empty()) {
      std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // what it holds is freed here, not under the lock
      lock.lock();
    }
    ++idle_;
    const bool woken = wake_.wait_for(lock, std::chrono::seconds(5), [this] { return !tasks_.empty(); });
    --idle_;
    if (!woken) {
      --threads_;
      return;
    }
  }
}

}  // namespace hearken
