#include <cstdio>
#include <exception>
#include <vector>

#include "audio/decoder.h"
#include "audio/third_party_decoders.h"
#include "core/error.h"

namespace hearken {
namespace {

// dr_flac's callbacks cannot throw: an error waits here until the call into dr_flac has returned.
class Input : public FlacInput {
 public:
  explicit Input(std::unique_ptr<ByteReader> reader) : reader_(std::move(reader)), start_(reader_->tell()) {}

  size_t read(void* out, size_t n) override {
    return guarded([&] { return reader_->read(static_cast<uint8_t*>(out), n, *cancel_); });
  }
  bool seek(int64_t offset, int whence) override {
    return guarded([&]() -> bool {
      if (whence == SEEK_CUR && offset >= 0) return reader_->skip(static_cast<uint64_t>(offset), *cancel_);
      if (!reader_->seekable()) return false;
      const int64_t end = static_cast<int64_t>(reader_->size().value_or(0)) - static_cast<int64_t>(start_);
      const int64_t target = offset + (whence == SEEK_CUR ? tell() : whence == SEEK_END ? end : 0);
      if (target < 0 || target > end) return false;
      reader_->seek(start_ + static_cast<uint64_t>(target));
      return true;
    });
  }
  int64_t tell() override { return static_cast<int64_t>(reader_->tell() - start_); }

  bool seekable() const { return reader_->seekable(); }
  void setCancel(CancelToken& cancel) { cancel_ = &cancel; }
  void rethrow() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  template <typename Work>
  auto guarded(Work work) -> decltype(work()) {
    if (failure_) return {};
    try {
      return work();
    } catch (...) {
      failure_ = std::current_exception();
      return {};
    }
  }

  std::unique_ptr<ByteReader> reader_;
  uint64_t start_;
  CancelToken* cancel_ = nullptr;
  std::exception_ptr failure_;
};

class FlacDecoder : public Decoder {
 public:
  FlacDecoder(std::unique_ptr<ByteReader> reader, CancelToken& cancel) : input_(std::move(reader)) {
    reopen(cancel);
    format_.container = format_.codec = "flac";
    format_.sampleRate = core_->sampleRate();
    format_.channels = core_->channels();
    format_.seekable = input_.seekable();
    if (core_->frames() > 0) format_.frames = static_cast<int64_t>(core_->frames());
    checkFormat("flac", format_.sampleRate, format_.channels);
  }

  const DecoderFormat& format() const override { return format_; }

  size_t read(float* out, size_t frames, CancelToken& cancel) override {
    if (atEnd_) return 0;
    input_.setCancel(cancel);
    const size_t got = core_->read(out, frames);
    input_.rethrow();
    position_ += static_cast<int64_t>(got);
    return got;
  }

  void seek(int64_t frame, CancelToken& cancel) override {
    atEnd_ = format_.frames && frame >= *format_.frames;
    if (atEnd_) return;
    input_.setCancel(cancel);
    if (core_->seek(static_cast<uint64_t>(frame))) {
      input_.rethrow();
      position_ = frame;
      return;
    }
    input_.rethrow();
    // A damaged or unfinished file: from the start, then forwards.
    input_.seek(0, SEEK_SET);
    reopen(cancel);
    std::vector<float> scrap(4096 * static_cast<size_t>(format_.channels));
    while (position_ < frame) {
      const auto part = static_cast<size_t>(std::min<int64_t>(frame - position_, 4096));
      if (read(scrap.data(), part, cancel) < part) break;
    }
  }

 private:
  void reopen(CancelToken& cancel) {
    input_.setCancel(cancel);
    core_.reset();
    core_ = FlacCore::open(input_);
    input_.rethrow();
    position_ = 0;
    if (!core_) throw Error(codes::kAudioFormat, "the audio begins as FLAC, but its header is damaged or cut off");
  }

  Input input_;
  std::unique_ptr<FlacCore> core_;
  DecoderFormat format_;
  int64_t position_ = 0;
  bool atEnd_ = false;
};

}  // namespace

std::unique_ptr<Decoder> openFlac(std::unique_ptr<ByteReader> reader, CancelToken& cancel) {
  return std::make_unique<FlacDecoder>(std::move(reader), cancel);
}

}  // namespace hearken
