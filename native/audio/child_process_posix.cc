#ifndef _WIN32
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/mman.h>
#include <sys/syscall.h>
#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1U
#endif
#endif
#ifdef __APPLE__
#include <crt_externs.h>
#define environ (*_NSGetEnviron())
#else
extern char** environ;
#endif

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "audio/child_process.h"
#include "core/error.h"

namespace hearken {
namespace {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { reset(); }
  void reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// Above the standard ones, so that none of them is overwritten while they are set up in the child.
Descriptor raised(int fd) {
  Descriptor low(fd);
  Descriptor high(::fcntl(fd, F_DUPFD_CLOEXEC, 10));
  if (high.get() < 0) throw Error(codes::kAudioFfmpeg, std::string("cannot start ffmpeg: ") + std::strerror(errno));
  return high;
}

void makePipe(Descriptor& readEnd, Descriptor& writeEnd) {
  int ends[2];
#ifdef __linux__
  const int failed = ::pipe2(ends, O_CLOEXEC);
#else
  const int failed = ::pipe(ends);
  if (!failed) {
    ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    ::fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  }
#endif
  if (failed) throw Error(codes::kAudioFfmpeg, std::string("cannot start ffmpeg: ") + std::strerror(errno));
  Descriptor second(ends[1]);
  readEnd = raised(ends[0]);
  writeEnd = Descriptor(::fcntl(second.get(), F_DUPFD_CLOEXEC, 10));
  if (writeEnd.get() < 0) throw Error(codes::kAudioFfmpeg, std::string("cannot start ffmpeg: ") + std::strerror(errno));
}

class PosixChild : public ChildProcess {
 public:
  explicit PosixChild(const Options& options) {
    Descriptor childIn, childOut, childErr;
    if (options.pipeInput) makePipe(childIn, in_);
    makePipe(out_, childOut);
    makePipe(err_, childErr);
    ::fcntl(err_.get(), F_SETFL, O_NONBLOCK);
#ifdef F_SETNOSIGPIPE
    if (options.pipeInput) ::fcntl(in_.get(), F_SETNOSIGPIPE, 1);
#endif
    Descriptor inherited;
    if (options.inherit >= 0) inherited = Descriptor(::fcntl(options.inherit, F_DUPFD_CLOEXEC, 10));

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (options.pipeInput) {
      posix_spawn_file_actions_adddup2(&actions, childIn.get(), 0);
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    }
    posix_spawn_file_actions_adddup2(&actions, childOut.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, childErr.get(), 2);
    if (inherited.get() >= 0) posix_spawn_file_actions_adddup2(&actions, inherited.get(), 3);

    // A process group of its own, so that what it starts dies with it; and signals as any program expects them.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    for (int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&defaults, signal);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    std::vector<char*> argv;
    for (const auto& argument : options.arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const int failed = ::posix_spawn(&pid_, argv[0], &actions, &attributes, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failed) {
      pid_ = -1;
      throw Error(failed == ENOMEM || failed == EAGAIN ? codes::kOutOfMemory : codes::kAudioFfmpeg,
                  "cannot start ffmpeg ('" + options.arguments[0] + "'): " + std::strerror(failed));
    }
  }

  ~PosixChild() override {
    kill();
    in_.reset();
    while (pid_ > 0 && ::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  Event read(uint8_t* out, size_t n, size_t& got, std::string& errors, int milliseconds) override {
    got = 0;
    pollfd wait[2] = {{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}};
    const int ready = ::poll(wait, err_.get() >= 0 ? 2 : 1, milliseconds);
    if (ready <= 0) return Event::kTimeout;
    if (err_.get() >= 0 && wait[1].revents) drainErrors(errors);
    if (!wait[0].revents) return Event::kTimeout;
    const ssize_t count = ::read(out_.get(), out, n);
    if (count < 0) return errno == EINTR || errno == EAGAIN ? Event::kTimeout : Event::kEnd;
    if (count == 0) {
      drainErrors(errors);
      return Event::kEnd;
    }
    got = static_cast<size_t>(count);
    return Event::kData;
  }

  bool wait(Ending& ending, std::string& errors, int milliseconds) override {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    while (pid_ > 0) {
      drainErrors(errors);
      int status = 0;
      const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
      if (ended < 0 && errno == EINTR) continue;
      if (ended != 0) {
        kill();  // what it started and left behind; no signal is sent to this id later, when it may be another's
        pid_ = -1;
        // Where the host ignores SIGCHLD there is no status: nothing is known against this end.
        ending_.crashed = ended > 0 && WIFSIGNALED(status);
        ending_.code = ended < 0 ? 0 : WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
        drainErrors(errors);
        break;
      }
      if (std::chrono::steady_clock::now() >= until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ending = ending_;
    return true;
  }

  bool write(const uint8_t* data, size_t n) override {
    // A write to a pipe that nobody reads raises SIGPIPE in this thread, which must not end the process.
    sigset_t pipe, old;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &old);
    bool ok = true;
    while (n > 0) {
      const ssize_t count = ::write(in_.get(), data, n);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        ok = false;
        break;
      }
      data += count;
      n -= static_cast<size_t>(count);
    }
    if (!ok) {
      // Take the pending signal away before the old mask lets it through.
      sigset_t pending;
      sigpending(&pending);
      int signal;
      if (sigismember(&pending, SIGPIPE) && !sigismember(&old, SIGPIPE)) sigwait(&pipe, &signal);
    }
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    return ok;
  }

  void closeInput() override {
    in_.reset();
  }

  void kill() override {
    if (pid_ > 0) ::kill(-pid_, SIGKILL);
  }

 private:
  void drainErrors(std::string& errors) {
    char text[4096];
    for (;;) {
      const ssize_t count = err_.get() < 0 ? -1 : ::read(err_.get(), text, sizeof(text));
      if (count > 0) {
        errors.append(text, static_cast<size_t>(count));
        continue;
      }
      if (count == 0) err_.reset();
      return;
    }
  }

  pid_t pid_ = -1;  // -1 once it has been waited for
  Ending ending_;
  Descriptor in_, out_, err_;
};

}  // namespace

std::unique_ptr<ChildProcess> ChildProcess::start(const Options& options) {
  return std::make_unique<PosixChild>(options);
}

NamelessFile::NamelessFile(const uint8_t* data, size_t size) {
#ifdef __linux__
  // glibc has a function for it from 2.27 on only.
  descriptor_ = static_cast<int>(::syscall(SYS_memfd_create, "hearken-audio", MFD_CLOEXEC));
#else
  const char* folder = std::getenv("TMPDIR");
  std::string name = std::string(folder && *folder ? folder : "/tmp") + "/hearken-audio-XXXXXX";
  descriptor_ = ::mkstemp(name.data());
  if (descriptor_ >= 0) {
    ::unlink(name.c_str());
    ::fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
  }
#endif
  size_t done = 0;
  while (descriptor_ >= 0 && done < size) {
    const ssize_t count = ::write(descriptor_, data + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  if (done < size || descriptor_ < 0) {
    const std::string why = std::strerror(errno);
    if (descriptor_ >= 0) ::close(descriptor_);
    throw Error(codes::kAudioRead, "cannot hand the audio to ffmpeg: " + why + ". Give the path of a file instead");
  }
  ::lseek(descriptor_, 0, SEEK_SET);
#ifdef __linux__
  memory_ = Allocation(MemoryKind::kAudio, static_cast<int64_t>(size));
#endif
}

NamelessFile::~NamelessFile() {
  ::close(descriptor_);
}

}  // namespace hearken
#endif
