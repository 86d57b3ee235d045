#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "core/cancel.h"
#include "core/hash.h"

namespace hearken {

// A file by its UTF-8 path, open while this lives: another one that is put in its place makes no difference. What is
// not a regular file (a pipe, a terminal) is read forwards only.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path);  // throws Error kAudioNotFound
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  const std::string& path() const { return path_; }
  bool regular() const { return regular_; }
  // What the system says of its content: whoever writes to it changes one of them.
  struct Version {
    uint64_t size = 0;
    int64_t modified = 0;  // ns, as far as the system tells
    bool operator==(const Version& other) const { return size == other.size && modified == other.modified; }
  };
  Version version() const;
  // Whether the path is still this file's.
  bool inPlace() const;

  // At least one byte, or 0 at the end. Of regular files, from any place; of others, what comes next. Throws Error
  // kAudioRead, kAborted.
  size_t readAt(uint64_t offset, uint8_t* out, size_t n, CancelToken& cancel) const;
  size_t read(uint8_t* out, size_t n, CancelToken& cancel) const;

 private:
  const std::string path_;
  bool regular_ = false;
#ifdef _WIN32
  std::FILE* file_ = nullptr;
#else
  int fd_ = -1;
#endif
};

// Of all that is in a file now. Throws Error kAudioNotFound, kAudioRead, kAborted.
Digest hashFile(const std::string& path, CancelToken& cancel);

}  // namespace hearken
