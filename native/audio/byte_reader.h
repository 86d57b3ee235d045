#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/sources.h"
#include "core/cancel.h"
#include "core/pages.h"

namespace hearken {

// Where encoded bytes come from. One thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // At least one byte, or 0 at the end. Throws Error (kAudioRead, kAborted).
  virtual size_t read(uint8_t* out, size_t n, CancelToken& cancel) = 0;
  virtual bool seekable() const { return false; }
  virtual void seek(uint64_t) {}
  // Length in bytes, of seekable sources.
  virtual std::optional<uint64_t> size() const { return std::nullopt; }
};

class FileContent;
class OpenFile;

// What is read of the file is told to `content`, if there is one.
std::unique_ptr<ByteSource> openFileSource(std::shared_ptr<const OpenFile> file, std::shared_ptr<FileContent> content);
std::unique_ptr<ByteSource> openMemorySource(const uint8_t* data, size_t size, std::shared_ptr<void> owner);
std::unique_ptr<ByteSource> openQueueSource(std::shared_ptr<ByteQueue> queue);

// A window over a ByteSource: the decoders look ahead in it, so that containers can be told apart even in a stream.
class ByteReader {
 public:
  static constexpr size_t kWindow = 1 << 16;

  explicit ByteReader(std::unique_ptr<ByteSource> source);
  // Up to n <= kWindow bytes from the current position on, without moving; fewer only at the end.
  const uint8_t* peek(size_t n, size_t& got, CancelToken& cancel);
  // How many of up to n bytes at `at`, where the last peek pointed, are here already.
  size_t buffered(const uint8_t* at, size_t n) const {
    return std::min(n, static_cast<size_t>(window_.data() + end_ - at));
  }
  size_t read(uint8_t* out, size_t n, CancelToken& cancel);
  // Moves forwards; false if the source ended before.
  bool skip(uint64_t n, CancelToken& cancel);
  void seek(uint64_t offset);  // seekable sources only
  uint64_t tell() const { return offset_; }
  bool seekable() const { return source_->seekable(); }
  std::optional<uint64_t> size() const { return source_->size(); }

 private:
  std::unique_ptr<ByteSource> source_;
  LedgerVector<uint8_t, MemoryKind::kAudio> window_;
  size_t begin_ = 0, end_ = 0;  // the unread part of window_
  uint64_t offset_ = 0;         // of window_[begin_] in the source
};

}  // namespace hearken
