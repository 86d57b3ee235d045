#include "campaign.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <thread>

#include "../check.h"
#include "core/error.h"
#include "core/ledger.h"
#include "failing_allocator.h"

namespace campaign {
namespace {

using hearken::Error;
using hearken::Ledger;
using hearken::MemoryKind;

constexpr auto kHang = std::chrono::seconds(120);  // in one call
// Idle threads of the pool and the tables of libraries come and go; what leaks is found at the next points.
constexpr int64_t kSlackBlocks = 24, kSlackBytes = 32 * 1024;

// What parent and child both see.
struct Progress {
  int64_t point;  // being tried
  int64_t tried, counted, broken;
  int64_t calls;  // of the work, that ended
  bool finished;
};

int64_t ledger() {
  int64_t bytes = 0;
  for (const auto kind : {MemoryKind::kWeights, MemoryKind::kStates, MemoryKind::kAudio, MemoryKind::kDiarization}) {
    bytes += Ledger::instance().bytes(kind);
  }
  return bytes;
}

[[noreturn]] void died(int signal) {
  failing::disarm();
  std::printf("    signal %d; what failed first (%zu bytes) was asked for at:\n", signal, failing::failedBytes());
  std::fflush(stdout);
  failing::printPlace();
  _exit(100);
}

class Child {
 public:
  Child(const Stage& stage, bool persistently, Progress& progress)
      : stage_(stage), persistently_(persistently), progress_(progress) {}

  // From progress.point on, until a run passes without a failure.
  void run() {
    make_ = stage_.open();
    expected_ = make_()();
    ++progress_.calls;
    plan_ = {stage_.atLeast, 0, persistently_, stage_.threads};
    {
      const auto work = make_();
      failing::arm(plan_);
      const std::string again = work();
      progress_.counted = failing::disarm();
      if (again != expected_) report("two undisturbed runs differ");
    }
    ++progress_.calls;
    held_ = failing::held();
    ledger_ = ledger();
    for (;;) {
      if (!point()) break;
      ++progress_.tried;
      const int64_t at = progress_.point;
      progress_.point += at < stage_.everyUpTo ? 1 : std::max<int64_t>(1, at / 6);
    }
    progress_.finished = true;
  }

 private:
  // False once nothing is left to fail.
  bool point() {
    bool failed = false;
    {
      const auto work = make_();
      plan_.from = progress_.point;
      failing::arm(plan_);
      judge(work);
      ++progress_.calls;
      failing::disarm();
      failed = failing::failures() > 0;
      if (failed) {
        try {
          if (work() != expected_) report("afterwards the same call gives another result");
        } catch (const std::exception& error) {
          report(std::string("afterwards the same call throws ") + error.what());
        }
      }
    }
    if (ledger() != ledger_) report("the ledger is off by " + std::to_string(ledger() - ledger_));
    ledger_ = ledger();
    const auto held = failing::held();
    if (held.blocks > held_.blocks + kSlackBlocks || held.bytes > held_.bytes + kSlackBytes) {
      report("leaked " + std::to_string(held.blocks - held_.blocks) + " blocks, " +
             std::to_string(held.bytes - held_.bytes) + " bytes, here or at points shortly before");
      held_ = held;
    }
    return failed;
  }

  void judge(const Work& work) {
    std::string wrong;
    try {
      const std::string result = work();
      failing::disarm();
      if (result != expected_) wrong = "no error, but another result: " + result;
    } catch (const Error& error) {
      failing::disarm();
      if (error.code() != hearken::codes::kOutOfMemory) wrong = error.code() + ": " + error.what();
    } catch (const std::bad_alloc&) {  // the addon gives it the same code
    } catch (const std::exception& error) {
      failing::disarm();
      wrong = std::string("untyped: ") + error.what();
    }
    failing::disarm();
    if (!wrong.empty()) report(wrong);
  }

  void report(const std::string& what) {
    failing::disarm();
    ++progress_.broken;
    std::printf("    %s, %s %lld (%zu bytes)%s: %s\n", stage_.name, stage_.threads ? "thread" : "allocation",
                static_cast<long long>(progress_.point), failing::failedBytes(),
                persistently_ ? " and all after it" : "", what.c_str());
    std::fflush(stdout);
    if (std::getenv("HEARKEN_PLACES")) failing::printPlace();
  }

  const Stage& stage_;
  const bool persistently_;
  Progress& progress_;
  std::function<Work()> make_;
  failing::Plan plan_;
  failing::Held held_;
  int64_t ledger_ = 0;
  std::string expected_;
};

// The child's exit status, or nothing if it made no progress for too long and was ended.
std::optional<int> watch(pid_t child, const Progress& progress) {
  auto last = progress.calls;
  auto since = std::chrono::steady_clock::now();
  for (;;) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) return status;
    const auto now = std::chrono::steady_clock::now();
    if (progress.calls != last) {
      last = progress.calls;
      since = now;
    } else if (now - since > kHang) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return std::nullopt;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void runMode(const Stage& stage, bool persistently, Outcome& outcome) {
  auto* progress = static_cast<Progress*>(
      mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (progress == MAP_FAILED) throw std::bad_alloc();
  *progress = {};
  progress->point = 1;
  int deaths = 0;
  while (!progress->finished && deaths < 20) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) ::signal(signal, died);
      int code = 0;
      try {
        Child(stage, persistently, *progress).run();
      } catch (const std::exception& error) {
        std::printf("    %s: an undisturbed run throws: %s\n", stage.name, error.what());
        code = 101;
      }
      std::fflush(stdout);
      _exit(code);
    }
    const auto status = watch(child, *progress);
    if (status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0) continue;
    ++progress->broken;
    ++deaths;
    std::printf("    %s, %s %lld%s: the process %s\n", stage.name, stage.threads ? "thread" : "allocation",
                static_cast<long long>(progress->point), persistently ? " and all after it" : "",
                status ? "died" : "hung");
    if (status && WIFEXITED(*status) && WEXITSTATUS(*status) == 101) break;
    ++progress->point;
    ++progress->tried;
  }
  outcome.tried += progress->tried;
  outcome.counted = progress->counted;
  outcome.broken += progress->broken;
  munmap(progress, sizeof(Progress));
}

}  // namespace

bool isLong() {
  const char* wanted = std::getenv("HEARKEN_LONG");
  return wanted && std::strcmp(wanted, "1") == 0;
}

Outcome run(const Stage& stage) {
  Outcome outcome;
  const auto begin = std::chrono::steady_clock::now();
  runMode(stage, false, outcome);
  runMode(stage, true, outcome);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("    %s: %lld points of failure (%lld in a run), %lld broken, %.1f s\n", stage.name,
              static_cast<long long>(outcome.tried), static_cast<long long>(outcome.counted),
              static_cast<long long>(outcome.broken), took.count());
  return outcome;
}

}  // namespace campaign
