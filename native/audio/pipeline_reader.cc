#include "audio/pipeline_reader.h"

#include <algorithm>
#include <cstring>

#include "audio/downmix.h"
#include "audio/frame_tap.h"
#include "audio/resampler.h"
#include "core/error.h"
#include "core/pages.h"

namespace hearken {
namespace {

constexpr size_t kBlock = 4096;             // source frames decoded at a time
constexpr int64_t kNear = 2 * kSampleRate;  // a seek this short forwards just decodes on

class PipelineReader : public AudioReader {
 public:
  PipelineReader(std::unique_ptr<Decoder> decoder, int channel, std::shared_ptr<FileContent> content)
      : content_(std::move(content)), mono_(std::move(decoder), channel), resampler_(mono_.format().sampleRate) {
    const DecoderFormat& format = mono_.format();
    info_.container = format.container;
    info_.codec = format.codec;
    info_.decoder = format.decoder;
    info_.sampleRate = format.sampleRate;
    info_.channels = format.channels;
    info_.seekable = format.seekable;
    if (format.frames) info_.frames = resampler_.outputFrames(*format.frames);
    const auto span = static_cast<size_t>(resampler_.lastInput(0) - resampler_.firstInput(0));
    held_.resize(span + 8 * kBlock);
    restart(0);
  }

  const AudioInfo& info() const override { return info_; }
  int64_t position() const override { return position_; }
  FileContent* content() const override { return content_.get(); }

  size_t read(float* out, size_t n, CancelToken& cancel) override {
    cancel.throwIfCancelled();
    if (lost_) recover(cancel);
    lost_ = true;  // until we are through: an error leaves the decoder somewhere in between
    size_t done = 0;
    while (done < n) {
      const size_t ready = std::min(n - done, computable());
      if (ready > 0) {
        resampler_.compute(held_.data(), base_, position_, ready, out + done);
        position_ += static_cast<int64_t>(ready);
        done += ready;
      } else if (ended_) {
        break;
      } else {
        fetch(cancel);
      }
    }
    lost_ = false;
    return done;
  }

  void seek(int64_t sample, CancelToken& cancel) override {
    cancel.throwIfCancelled();
    if (sample < 0) throw Error(codes::kInvalidArg, "cannot seek before the start of the audio");
    const bool forwards = sample >= position_ && !lost_;
    if (forwards && (!info_.seekable || sample - position_ <= kNear)) return drop(sample, cancel);
    if (!info_.seekable) {
      throw Error(codes::kInvalidArg,
                  "this audio source can only be read forwards: it cannot go back to an earlier time");
    }
    if (sample >= kLongestAudio) return leave(sample);
    lost_ = true;
    restart(sample);
    mono_.seek(base_ + static_cast<int64_t>(count_), cancel);
    lost_ = false;
  }

 private:
  // Empties the buffer for output `sample`; what lies before the source's start is 0.
  void restart(int64_t sample) {
    position_ = sample;
    base_ = resampler_.firstInput(sample);
    count_ = base_ < 0 ? static_cast<size_t>(-base_) : 0;
    std::fill_n(held_.begin(), count_, 0.0f);
    ended_ = false;
  }

  // The state of having read to the end, for a position that no source reaches.
  void leave(int64_t sample) {
    position_ = sample;
    base_ = 0;
    count_ = 0;
    last_ = kLongestAudio;
    ended_ = true;
    lost_ = false;
  }

  void recover(CancelToken& cancel) {
    if (!info_.seekable) throw Error(codes::kAudioRead, "the audio source failed or was interrupted before");
    restart(position_);
    mono_.seek(base_ + static_cast<int64_t>(count_), cancel);
  }

  void drop(int64_t sample, CancelToken& cancel) {
    float scrap[1024];
    while (position_ < sample) {
      const auto part = static_cast<size_t>(std::min<int64_t>(sample - position_, 1024));
      if (read(scrap, part, cancel) < part) break;
    }
    position_ = std::max(position_, sample);  // beyond the end
  }

  // The outputs that the buffer suffices for, from position_ on.
  size_t computable() const {
    if (ended_ && position_ >= last_) return 0;
    const int64_t have = base_ + static_cast<int64_t>(count_);
    int64_t first = position_, beyond = position_ + static_cast<int64_t>(held_.size()) * 20;  // 1 kHz gives 16 for one
    if (ended_) beyond = std::min(beyond, last_);
    while (first < beyond) {
      const int64_t middle = first + (beyond - first) / 2;
      if (resampler_.lastInput(middle) < have) {
        first = middle + 1;
      } else {
        beyond = middle;
      }
    }
    return static_cast<size_t>(first - position_);
  }

  void fetch(CancelToken& cancel) {
    const auto unused = static_cast<size_t>(
        std::clamp<int64_t>(resampler_.firstInput(position_) - base_, 0, static_cast<int64_t>(count_)));
    std::memmove(held_.data(), held_.data() + unused, (count_ - unused) * sizeof(float));
    count_ -= unused;
    base_ += static_cast<int64_t>(unused);
    const size_t got = mono_.read(held_.data() + count_, kBlock, cancel);
    count_ += got;
    if (got == kBlock) return;
    ended_ = true;
    last_ = resampler_.outputFrames(base_ + static_cast<int64_t>(count_));
    // Zeros behind the end, for the last outputs.
    const auto span = static_cast<size_t>(resampler_.lastInput(0) - resampler_.firstInput(0)) + 1;
    const size_t zeros = std::min(span, held_.size() - count_);
    std::fill_n(held_.begin() + static_cast<std::ptrdiff_t>(count_), zeros, 0.0f);
    count_ += zeros;
  }

  const std::shared_ptr<FileContent> content_;
  Mono mono_;
  Resampler resampler_;
  AudioInfo info_;
  LedgerVector<float, MemoryKind::kAudio> held_;  // mono samples at the source's rate, from base_ on
  size_t count_ = 0;
  int64_t base_ = 0;
  int64_t position_ = 0;
  int64_t last_ = 0;  // the number of outputs, once ended_
  bool ended_ = false;
  bool lost_ = false;
};

}  // namespace

std::unique_ptr<AudioReader> makeReader(std::unique_ptr<Decoder> decoder, const ReaderOptions& options,
                                        std::shared_ptr<FileContent> content) {
  if (options.tap) decoder = tapFrames(std::move(decoder), options.tap);
  return std::make_unique<PipelineReader>(std::move(decoder), options.channel, std::move(content));
}

}  // namespace hearken
