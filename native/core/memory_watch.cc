#include "core/memory_watch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/rss.h"

namespace hearken {

// The thread that samples for all watches. It is there while there is a watch.
class Sampler {
 public:
  static Sampler& instance() {
    static Sampler* sampler = new Sampler;  // never destroyed: its thread may outlive main() by a moment
    return *sampler;
  }

  void add(MemoryWatch* watch) {
    std::lock_guard<std::mutex> lock(mutex_);
    watches_.push_back(watch);
    if (running_ || stopped_) return;
    try {
      std::thread([this] { run(); }).detach();
      running_ = true;
    } catch (const std::system_error&) {
      watches_.pop_back();
      throw Error(codes::kOutOfMemory, "no thread can be started: the process is at its limit of threads");
    }
  }

  // No sample of `watch` is taken once this returns.
  void remove(MemoryWatch* watch) noexcept {
    std::lock_guard<std::mutex> lock(mutex_);
    watches_.erase(std::find(watches_.begin(), watches_.end(), watch));
    if (watches_.empty()) wake_.notify_all();
  }

  void stop() noexcept {
    std::unique_lock<std::mutex> lock(mutex_);
    stopped_ = true;
    wake_.notify_all();
    ended_.wait(lock, [this] { return !running_; });
  }

  bool running() noexcept {
    std::lock_guard<std::mutex> lock(mutex_);
    return running_;
  }

 private:
  void run() noexcept {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!watches_.empty() && !stopped_) {
      const int64_t rss = residentBytes();
      for (MemoryWatch* watch : watches_) watch->sample(rss);
      wake_.wait_for(lock, std::chrono::milliseconds(20), [this] { return watches_.empty() || stopped_; });
    }
    running_ = false;
    ended_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable wake_, ended_;
  std::vector<MemoryWatch*> watches_;
  bool running_ = false;
  bool stopped_ = false;
};

MemoryWatch::MemoryWatch() : before_(residentBytes()), peak_(before_) {
  Ledger::instance().watch(&native_);
  try {
    Sampler::instance().add(this);
  } catch (...) {
    Ledger::instance().unwatch(&native_);
    throw;
  }
}

MemoryWatch::~MemoryWatch() {
  Sampler::instance().remove(this);
  Ledger::instance().unwatch(&native_);
}

void MemoryWatch::sample(int64_t rss) noexcept {
  for (int64_t seen = peak_.load(); rss > seen && !peak_.compare_exchange_weak(seen, rss);) {
  }
}

MemoryWatch::Reading MemoryWatch::read() {
  Reading reading;
  reading.rss = residentBytes();
  sample(reading.rss);
  reading.rssBefore = before_;
  reading.rssPeak = peak_.load();
  for (size_t i = 0; i < kMemoryKinds; ++i) reading.peaks[i] = native_.kinds[i].load();
  reading.peakTotal = native_.total.load();
  return reading;
}

void MemoryWatch::stopSampling() noexcept {
  Sampler::instance().stop();
}

bool MemoryWatch::sampling() noexcept {
  return Sampler::instance().running();
}

}  // namespace hearken
