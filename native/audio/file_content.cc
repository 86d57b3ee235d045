#include "audio/file_content.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/pages.h"

namespace hearken {
namespace {

// Gives `use` what the file holds from `begin` on, block by block, up to `end` or the file's; false if it ends before.
template <typename Use>
bool readOn(const OpenFile& file, uint64_t begin, uint64_t end, CancelToken& cancel, Use use) {
  LedgerVector<uint8_t, MemoryKind::kAudio> block(1 << 17);
  while (begin < end) {
    const auto most = static_cast<size_t>(std::min<uint64_t>(end - begin, block.size()));
    const size_t got = file.readAt(begin, block.data(), most, cancel);
    if (got == 0) return false;
    use(block.data(), got);
    begin += got;
  }
  return true;
}

}  // namespace

FileContent::FileContent(std::shared_ptr<const OpenFile> file) : file_(std::move(file)), opened_(file_->version()) {}

void FileContent::took(uint64_t offset, const uint8_t* bytes, size_t size) {
  if (size == 0) return;
  if (!read_ && offset != start_.size()) {
    read_ = start_;
    if (start_.size() > 0) ranges_.push_back({0, start_.size()});
  }
  if (read_) {
    read_->update(bytes, size);
    if (ranges_.empty() || ranges_.back().end != offset) ranges_.push_back({offset, offset});
    ranges_.back().end += size;
  }
  if (offset > start_.size() || offset + size <= start_.size()) return;
  const auto known = static_cast<size_t>(start_.size() - offset);
  start_.update(bytes + known, size - known);
}

void FileContent::openedByPath() {
  byPath_ = true;
  another_ = another_ || !file_->inPlace();
}

std::optional<Digest> FileContent::digest(bool whole, CancelToken& cancel) {
  const auto changed = [this] {
    return Error(codes::kAudioChanged, "'" + file_->path() + "' changed while it was read: run it again");
  };
  if (another_) throw changed();
  const auto readRest = [&](Hash& hash) {
    readOn(*file_, hash.size(), UINT64_MAX, cancel, [&](const uint8_t* bytes, size_t n) { hash.update(bytes, n); });
  };
  const bool one = !read_;
  if (whole) readRest(start_);
  const auto now = file_->version();
  if (now == opened_) return whole ? std::optional<Digest>(start_.digest()) : std::nullopt;
  // It was written to, or only touched.
  // What ffmpeg read can't be held to it. A file that grew is mostly one that is still recorded.
  if (byPath_ && now.size > opened_.size) return std::nullopt;
  if (byPath_) throw changed();
  if (!holds(one ? std::vector<Range>{{0, start_.size()}} : ranges_, one ? start_ : *read_, cancel)) throw changed();
  if (!whole || now.size != opened_.size) return std::nullopt;
  Hash again;
  readRest(again);
  return file_->version() == now ? std::optional<Digest>(again.digest()) : std::nullopt;
}

bool FileContent::holds(const std::vector<Range>& ranges, const Hash& expected, CancelToken& cancel) const {
  Hash hash;
  for (const auto& [begin, end] : ranges) {
    const auto add = [&](const uint8_t* bytes, size_t n) { hash.update(bytes, n); };
    if (!readOn(*file_, begin, end, cancel, add)) return false;
  }
  return hash.digest() == expected.digest();
}

}  // namespace hearken
