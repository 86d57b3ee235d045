#include <utility>

#include "audio/byte_reader.h"
#include "audio/file_content.h"

namespace hearken {
namespace {

class FileSource : public ByteSource {
 public:
  FileSource(std::shared_ptr<const OpenFile> file, std::shared_ptr<FileContent> content)
      : file_(std::move(file)),
        content_(std::move(content)),
        size_(file_->regular() ? std::optional<uint64_t>(file_->version().size) : std::nullopt) {}

  size_t read(uint8_t* out, size_t n, CancelToken& cancel) override {
    const size_t got = size_ ? file_->readAt(offset_, out, n, cancel) : file_->read(out, n, cancel);
    if (content_) content_->took(offset_, out, got);
    offset_ += got;
    return got;
  }
  bool seekable() const override { return size_.has_value(); }
  void seek(uint64_t offset) override { offset_ = offset; }
  std::optional<uint64_t> size() const override { return size_; }

 private:
  const std::shared_ptr<const OpenFile> file_;
  const std::shared_ptr<FileContent> content_;
  const std::optional<uint64_t> size_;
  uint64_t offset_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> openFileSource(std::shared_ptr<const OpenFile> file, std::shared_ptr<FileContent> content) {
  return std::make_unique<FileSource>(std::move(file), std::move(content));
}

}  // namespace hearken
