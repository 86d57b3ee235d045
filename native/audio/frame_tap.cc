#include "audio/frame_tap.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace hearken {
namespace {

class TappedDecoder : public Decoder {
 public:
  TappedDecoder(std::unique_ptr<Decoder> decoder, std::shared_ptr<FrameSink> sink)
      : decoder_(std::move(decoder)), sink_(std::move(sink)) {
    sink_->open(decoder_->format());
  }

  const DecoderFormat& format() const override { return decoder_->format(); }

  size_t read(float* out, size_t frames, CancelToken& cancel) override {
    const size_t got = decoder_->read(out, frames, cancel);
    const int64_t begin = position_, end = position_ += static_cast<int64_t>(got);
    if (next_ < 0) next_ = begin;
    if (begin > next_) throw Error(codes::kInternal, "the audio was read with a gap, which its channels can't have");
    const int64_t from = std::min(next_, end);  // what lies before was handed over earlier
    if (from < end) {
      sink_->take(from, out + (from - begin) * format().channels, static_cast<size_t>(end - from), cancel);
      next_ = end;
    }
    return got;
  }

  void seek(int64_t frame, CancelToken& cancel) override {
    decoder_->seek(frame, cancel);
    position_ = frame;
  }

 private:
  std::unique_ptr<Decoder> decoder_;
  std::shared_ptr<FrameSink> sink_;
  int64_t position_ = 0;  // of the decoder
  int64_t next_ = -1;     // the next frame that the sink gets; -1: whichever comes first
};

}  // namespace

std::unique_ptr<Decoder> tapFrames(std::unique_ptr<Decoder> decoder, std::shared_ptr<FrameSink> sink) {
  return std::make_unique<TappedDecoder>(std::move(decoder), std::move(sink));
}

}  // namespace hearken
