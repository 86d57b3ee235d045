#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif
#include "audio/open_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/error.h"
#include "core/pages.h"
#ifdef _WIN32
#include <io.h>
#include <windows.h>
#else
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace hearken {
namespace {

[[noreturn]] void notFound(const std::string& path, const std::string& what) {
  throw Error(codes::kAudioNotFound, "cannot open the audio file '" + path + "': " + what);
}

[[noreturn]] void notFound(const std::string& path, int error) {
  notFound(path, error == ENOENT ? "no such file" : std::strerror(error));
}

[[noreturn]] void broken(const std::string& path, int error) {
  throw Error(codes::kAudioRead, "reading '" + path + "' failed: " + std::strerror(error));
}

const std::string& checked(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) notFound(path, "not a file's path");
  return path;
}

}  // namespace

#ifdef _WIN32

OpenFile::OpenFile(const std::string& path) : path_(checked(path)) {
  const auto native = std::filesystem::u8path(path);
  std::error_code status;
  if (std::filesystem::is_directory(native, status)) notFound(path, EISDIR);
  file_ = _wfopen(native.c_str(), L"rbN");
  if (!file_) notFound(path, errno);
  std::setvbuf(file_, nullptr, _IONBF, 0);  // what is read again is read from the file
  regular_ = _fseeki64(file_, 0, SEEK_END) == 0;
}

OpenFile::~OpenFile() {
  std::fclose(file_);
}

OpenFile::Version OpenFile::version() const {
  // Of the system's own functions: fstat knows seconds only, within which a file may change.
  const auto handle = reinterpret_cast<HANDLE>(_get_osfhandle(_fileno(file_)));
  LARGE_INTEGER size{};
  FILETIME modified{};
  if (!GetFileSizeEx(handle, &size) || !GetFileTime(handle, nullptr, nullptr, &modified)) broken(path_, EIO);
  const uint64_t ticks = uint64_t{modified.dwHighDateTime} << 32 | modified.dwLowDateTime;
  // Of 100 ns since 1601; kept from 1970 on, as elsewhere, so that nanoseconds fit.
  return {static_cast<uint64_t>(size.QuadPart), (static_cast<int64_t>(ticks) - 116'444'736'000'000'000) * 100};
}

// A file that is open like this can be neither renamed nor replaced.
bool OpenFile::inPlace() const {
  return true;
}

size_t OpenFile::readAt(uint64_t offset, uint8_t* out, size_t n, CancelToken& cancel) const {
  if (_fseeki64(file_, static_cast<int64_t>(offset), SEEK_SET) != 0) broken(path_, errno);
  return read(out, n, cancel);
}

size_t OpenFile::read(uint8_t* out, size_t n, CancelToken& cancel) const {
  cancel.throwIfCancelled();
  const size_t got = std::fread(out, 1, n, file_);
  if (got == 0 && std::ferror(file_)) broken(path_, errno);
  return got;
}

#else

OpenFile::OpenFile(const std::string& path) : path_(checked(path)) {
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
}

OpenFile::~OpenFile() {
  ::close(fd_);
}

OpenFile::Version OpenFile::version() const {
  struct stat status {};
  if (::fstat(fd_, &status) != 0) broken(path_, errno);
#ifdef __APPLE__
  const timespec& modified = status.st_mtimespec;
#else
  const timespec& modified = status.st_mtim;
#endif
  return {static_cast<uint64_t>(status.st_size), int64_t{modified.tv_sec} * 1'000'000'000 + modified.tv_nsec};
}

bool OpenFile::inPlace() const {
  struct stat ours {
  }, there{};
  if (::fstat(fd_, &ours) != 0 || ::stat(path_.c_str(), &there) != 0) return false;
  return ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

size_t OpenFile::readAt(uint64_t offset, uint8_t* out, size_t n, CancelToken& cancel) const {
  for (;;) {
    cancel.throwIfCancelled();
    const ssize_t got = ::pread(fd_, out, n, static_cast<off_t>(offset));
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) broken(path_, errno);
  }
}

size_t OpenFile::read(uint8_t* out, size_t n, CancelToken& cancel) const {
  for (;;) {
    cancel.throwIfCancelled();
    pollfd wait{fd_, POLLIN, 0};
    const int ready = ::poll(&wait, 1, 20);  // short, so that a cancel is seen
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t got = ::read(fd_, out, n);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR && errno != EAGAIN) broken(path_, errno);
  }
}

#endif

Digest hashFile(const std::string& path, CancelToken& cancel) {
  const OpenFile file(path);
  Hash hash;
  LedgerVector<uint8_t, MemoryKind::kAudio> block(1 << 17);
  for (;;) {
    const size_t got = file.regular() ? file.readAt(hash.size(), block.data(), block.size(), cancel)
                                      : file.read(block.data(), block.size(), cancel);
    if (got == 0) return hash.digest();
    hash.update(block.data(), got);
  }
}

}  // namespace hearken
