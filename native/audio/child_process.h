#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/ledger.h"

namespace hearken {

// A program with pipes to it, started from an argument array and never through a shell. It is killed and reaped with
// this object; nothing else of ours leaks into it.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> arguments;  // the program's path first
    bool pipeInput = false;              // else its input is empty
    int inherit = -1;                    // a file descriptor that it gets as 3 (POSIX)
  };
  enum class Event { kData, kEnd, kTimeout };
  // How the program ended: by itself with `code`, or crashed: by the signal `code` (POSIX), the exception (Windows).
  struct Ending {
    bool crashed = false;
    int64_t code = 0;
  };

  static std::unique_ptr<ChildProcess> start(const Options& options);  // throws Error(kAudioFfmpeg)
  virtual ~ChildProcess() = default;
  // Waits for output. What is on the error channel is appended to `errors`.
  virtual Event read(uint8_t* out, size_t n, size_t& got, std::string& errors, int milliseconds) = 0;
  // After kEnd: waits for the program to end, up to `milliseconds`; false if it has not by then. The error channel is
  // read meanwhile, so that the program does not wait for us.
  virtual bool wait(Ending& ending, std::string& errors, int milliseconds) = 0;
  // From another thread: false once the program no longer reads.
  virtual bool write(const uint8_t* data, size_t n) = 0;
  virtual void closeInput() = 0;
  virtual void kill() = 0;
};

// Bytes in a file without a name that a child can open (and seek in) as `path()`. Throws where there is no such thing.
class NamelessFile {
 public:
  NamelessFile(const uint8_t* data, size_t size);
  ~NamelessFile();
  NamelessFile(const NamelessFile&) = delete;
  NamelessFile& operator=(const NamelessFile&) = delete;
  int descriptor() const { return descriptor_; }
  static const char* path() { return "/dev/fd/3"; }

 private:
  int descriptor_ = -1;
  Allocation memory_;  // where the file is memory
};

}  // namespace hearken
