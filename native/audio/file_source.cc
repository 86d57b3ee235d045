// Files by UTF-8 path, with 64-bit offsets. What is not a regular file (a pipe, a terminal) is read forwards only.
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "audio/byte_reader.h"
#include "core/error.h"
#ifdef _WIN32
#include <cstdio>
#else
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace hearken {
namespace {

[[noreturn]] void notFound(const std::string& path, int error) {
  const std::string what = error == ENOENT ? "no such file" : std::strerror(error);
  throw Error(codes::kAudioNotFound, "cannot open the audio file '" + path + "': " + what);
}

[[noreturn]] void broken(const std::string& path, int error) {
  throw Error(codes::kAudioRead, "reading '" + path + "' failed: " + std::strerror(error));
}

#ifdef _WIN32
class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::string& path) : path_(path) {
    const auto native = std::filesystem::u8path(path);
    std::error_code status;
    if (std::filesystem::is_directory(native, status)) notFound(path, EISDIR);
    file_ = _wfopen(native.c_str(), L"rbN");
    if (!file_) notFound(path, errno);
    regular_ = _fseeki64(file_, 0, SEEK_END) == 0;
    if (regular_) size_ = static_cast<uint64_t>(_ftelli64(file_));
    if (regular_) _fseeki64(file_, 0, SEEK_SET);
  }
  ~FileSource() override { std::fclose(file_); }
  size_t read(uint8_t* out, size_t n, CancelToken& cancel) override {
    cancel.throwIfCancelled();
    const size_t got = std::fread(out, 1, n, file_);
    if (got == 0 && std::ferror(file_)) broken(path_, errno);
    return got;
  }
  bool seekable() const override { return regular_; }
  void seek(uint64_t offset) override { _fseeki64(file_, static_cast<int64_t>(offset), SEEK_SET); }
  std::optional<uint64_t> size() const override { return regular_ ? std::optional<uint64_t>(size_) : std::nullopt; }

 private:
  std::string path_;
  FILE* file_ = nullptr;
  bool regular_ = false;
  uint64_t size_ = 0;
};
#else
class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::string& path) : path_(path) {
    // Not to block in open() on a named pipe that nobody writes to.
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd_ < 0) notFound(path, errno);
    struct stat status {};
    const int failed = ::fstat(fd_, &status) == 0 ? (S_ISDIR(status.st_mode) ? EISDIR : 0) : errno;
    if (failed) {
      ::close(fd_);
      notFound(path, failed);
    }
    regular_ = S_ISREG(status.st_mode);
    size_ = static_cast<uint64_t>(status.st_size);
  }
  ~FileSource() override { ::close(fd_); }

  size_t read(uint8_t* out, size_t n, CancelToken& cancel) override {
    for (;;) {
      cancel.throwIfCancelled();
      if (!regular_) {
        pollfd wait{fd_, POLLIN, 0};
        const int ready = ::poll(&wait, 1, 20);  // short, so that a cancel is seen
        if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
      }
      const ssize_t got = regular_ ? ::pread(fd_, out, n, static_cast<off_t>(offset_)) : ::read(fd_, out, n);
      if (got >= 0) {
        offset_ += static_cast<uint64_t>(got);
        return static_cast<size_t>(got);
      }
      if (errno != EINTR && errno != EAGAIN) broken(path_, errno);
    }
  }
  bool seekable() const override { return regular_; }
  void seek(uint64_t offset) override { offset_ = offset; }
  std::optional<uint64_t> size() const override { return regular_ ? std::optional<uint64_t>(size_) : std::nullopt; }

 private:
  std::string path_;
  int fd_ = -1;
  bool regular_ = false;
  uint64_t size_ = 0;
  uint64_t offset_ = 0;
};
#endif

}  // namespace

std::unique_ptr<ByteSource> openFileSource(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw Error(codes::kAudioNotFound, "cannot open the audio file '" + path + "': not a file's path");
  }
  return std::make_unique<FileSource>(path);
}

}  // namespace hearken
