#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace hearken {

// Threads for work that may take long or block on its input. A thread is added when none is idle, and ends after a
// while without work. Where the system has no further one, a task waits for one that is busy: so no task may wait for
// another to begin. Tasks don't throw. How much runs at once is decided by who submits (workers, streams), not here.
// Not libuv's pool: four decodes there would stop every fs and dns call of the process.
class ThreadPool {
 public:
  // The pool of this process. Never destroyed: idle threads may outlive main(), and touch nothing but the pool.
  static ThreadPool& instance();
  // Throws Error if no thread can be started and there is none yet.
  void submit(std::function<void()> task);

 private:
  void run();
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  size_t idle_ = 0;
  size_t threads_ = 0;
};

}  // namespace hearken
