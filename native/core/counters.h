#pragma once

#include <atomic>
#include <cstdint>

namespace hearken {

// Work done and objects alive in this process. Tests trust these more than clocks.
struct Counters {
  std::atomic<int64_t> decodes{0};  // calls of WhisperState::decode
  std::atomic<int64_t> windows{0};  // encoder runs in them
  std::atomic<int64_t> models{0};   // alive
  std::atomic<int64_t> states{0};   // alive
  std::atomic<int64_t> planners{0};
  std::atomic<int64_t> segmented{0};     // windows of diarization
  std::atomic<int64_t> embedded{0};      // pieces of speech that an embedding was computed for
  std::atomic<int64_t> diarizers{0};     // alive
  std::atomic<int64_t> diarizations{0};  // alive
  std::atomic<int64_t> jobs{0};

  static Counters& instance() {
    static Counters counters;
    return counters;
  }
};

// Adds one to a count while it lives.
class Counted {
 public:
  explicit Counted(std::atomic<int64_t>& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<int64_t>& count_;
};

}  // namespace hearken
