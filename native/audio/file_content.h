#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "audio/open_file.h"
#include "core/hash.h"

namespace hearken {

// The digest of a file, mostly a by-product of decoding it: what a decoder reads from the beginning on is hashed on the
// way. Also says whether what was read is still what the file holds. One thread at a time.
class FileContent {
 public:
  explicit FileContent(std::shared_ptr<const OpenFile> file);

  // A decoder was given these bytes.
  void took(uint64_t offset, const uint8_t* bytes, size_t size);
  // Another program has opened the file by its path, and reads what we do not see.
  void openedByPath();

  // Of the whole file, where that is wanted, and where it is what was read of: nothing if it only grew meanwhile. Reads
  // what was not read yet. Throws Error kAudioChanged if what was read is not, or is not known to be, what the file
  // holds; kAudioRead, kAborted.
  std::optional<Digest> digest(bool whole, CancelToken& cancel);

 private:
  struct Range {
    uint64_t begin, end;
  };
  bool holds(const std::vector<Range>& ranges, const Hash& expected, CancelToken& cancel) const;

  const std::shared_ptr<const OpenFile> file_;
  const OpenFile::Version opened_;
  Hash start_;                // of the file's first start_.size() bytes
  std::optional<Hash> read_;  // of ranges_; nothing while all that was read is one stretch, which start_ has
  std::vector<Range> ranges_;  // as they were read, one after the other
  bool byPath_ = false;
  bool another_ = false;  // by its path another file was read than the one that is open
};

}  // namespace hearken
