#include "core/parallel.h"

#include <condition_variable>
#include <exception>
#include <mutex>

#include "core/thread_pool.h"

namespace hearken {

void inParallel(int threads, const std::function<void(int thread)>& work) {
  std::mutex mutex;
  std::condition_variable ended;
  int running = 0;
  std::exception_ptr failure;
  const auto guarded = [&](int thread) {
    try {
      work(thread);
    } catch (...) {
      std::lock_guard<std::mutex> lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  for (int thread = 1; thread < threads; ++thread) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      ++running;
    }
    try {
      ThreadPool::instance().submit([&, thread] {
        guarded(thread);
        std::lock_guard<std::mutex> lock(mutex);
        --running;
        ended.notify_one();
      });
    } catch (...) {  // no thread to be had
      std::lock_guard<std::mutex> lock(mutex);
      --running;
      if (!failure) failure = std::current_exception();
    }
  }
  guarded(0);
  std::unique_lock<std::mutex> lock(mutex);
  ended.wait(lock, [&] { return running == 0; });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace hearken
