#include <algorithm>
#include <array>
#include <vector>

#include "audio/decoder.h"
#include "audio/mp3_frames.h"
#include "audio/third_party_decoders.h"
#include "core/error.h"

namespace hearken {
namespace {

constexpr int64_t kStep = 32;   // frames between two entries of the seek index
constexpr int64_t kPrime = 64;  // frames decoded before a seek's target: fills the bit reservoir at any bit rate

// Every frame gives its full number of samples: one that does not decode gives silence, so that time is a matter of
// counting frames and a seek needs only their places. From that the encoder's delay and padding are cut, where its tag
// tells them.
class Mp3Decoder : public Decoder {
 public:
  Mp3Decoder(std::unique_ptr<ByteReader> reader, CancelToken& cancel) : reader_(std::move(reader)), walker_(*reader_) {
    auto header = walker_.next(cancel);
    if (!header) throw Error(codes::kAudioFormat, "no MP3 frame was found in the audio");
    const uint64_t begin = reader_->tell();
    walker_.expect(*header);
    size_t got = 0;
    const uint8_t* frame = reader_->peek(static_cast<size_t>(header->bytes), got, cancel);
    if (const auto info = parseMp3Info(frame, *header)) {
      info_ = *info;
      walker_.accept(*header, cancel);
      header = walker_.next(cancel);
      if (!header) throw Error(codes::kAudioFormat, "the MP3 ends after its header: there is no audio in it");
    }
    samples_ = header->samples;
    if (info_.frames <= 0) info_.padding = 0;
    format_.container = format_.codec = header->layer == 3 ? "mp3" : header->layer == 2 ? "mp2" : "mp1";
    format_.sampleRate = header->sampleRate;
    format_.channels = header->channels;
    format_.seekable = reader_->seekable();
    checkFormat("mp3", format_.sampleRate, format_.channels);
    index_.push_back(reader_->tell());
    if (!format_.seekable) return;
    const int64_t held = static_cast<int64_t>(reader_->size().value_or(0)) - static_cast<int64_t>(begin);
    const int64_t behind = held - info_.bytes;  // at most a small tag if the header tells the truth
    const bool trusted = info_.frames > 0 && info_.bytes > 0 && behind >= 0 && behind <= 1024;
    const int64_t frames = trusted ? info_.frames : scan(INT64_MAX, cancel);
    const int64_t cut = std::clamp<int64_t>((frames - info_.frames) * samples_ + info_.padding, 0, info_.padding);
    format_.frames = std::max<int64_t>(0, frames * samples_ - info_.delay - cut);
    moveTo(0, cancel);
  }

  const DecoderFormat& format() const override { return format_; }

  size_t read(float* out, size_t frames, CancelToken& cancel) override {
    const auto channels = static_cast<size_t>(format_.channels);
    size_t done = 0;
    while (done < frames) {
      if (begin_ >= end_ && !decodeFrame(true, cancel)) break;
      const size_t part = std::min(frames - done, end_ > begin_ ? static_cast<size_t>(end_ - begin_) : 0);
      std::copy_n(pcm_.data() + static_cast<size_t>(begin_) * channels, part * channels, out + done * channels);
      begin_ += static_cast<int>(part);
      done += part;
    }
    return done;
  }

  void seek(int64_t frame, CancelToken& cancel) override {
    int64_t sample = frame + info_.delay;
    if (info_.padding > 0 && sample >= info_.frames * samples_ - info_.padding) sample += info_.padding;
    const int64_t target = sample / samples_;
    const int64_t from = std::max<int64_t>(0, target - kPrime) / kStep * kStep;
    if (scan(from, cancel) < from) {
      moveTo(0, cancel);
      atEnd_ = true;  // beyond the last frame
      return;
    }
    moveTo(from, cancel);
    while (next_ < target && decodeFrame(true, cancel)) {
    }
    if (decodeFrame(true, cancel)) begin_ = std::max(begin_, static_cast<int>(sample - target * samples_));
  }

 private:
  // Extends the seek index up to `frame`; returns the number of frames walked over or known (fewer at the end).
  int64_t scan(int64_t frame, CancelToken& cancel) {
    if (frame / kStep < static_cast<int64_t>(index_.size())) return frame;
    int64_t at = static_cast<int64_t>(index_.size() - 1) * kStep;
    reader_->seek(index_.back());
    walker_.jumped();
    for (; at < frame; ++at) {
      if (at % 1024 == 0) cancel.throwIfCancelled();
      const auto header = walker_.next(cancel);
      if (!header) return at;
      if (at % kStep == 0 && at / kStep == static_cast<int64_t>(index_.size())) index_.push_back(reader_->tell());
      walker_.accept(*header, cancel);
    }
    if (!walker_.next(cancel)) return at - 1;
    index_.push_back(reader_->tell());
    return at;
  }

  void moveTo(int64_t frame, CancelToken& cancel) {
    cancel.throwIfCancelled();
    reader_->seek(index_[static_cast<size_t>(frame / kStep)]);
    walker_.jumped();
    core_.reset();
    next_ = frame;
    begin_ = end_ = 0;
    atEnd_ = false;
  }

  bool decodeFrame(bool keep, CancelToken& cancel) {
    if (atEnd_) return false;
    const auto header = walker_.next(cancel);
    if (!header) {
      atEnd_ = true;
      return false;
    }
    size_t got = 0;
    const uint8_t* frame = reader_->peek(static_cast<size_t>(header->bytes), got, cancel);
    int channels = 0;
    if (core_.decode(frame, header->bytes, pcm_.data(), channels) != samples_) {
      channels = format_.channels;
      pcm_.fill(0);
    }
    if (channels == 1 && format_.channels == 2) {
      for (int i = samples_; i-- > 0;) pcm_[2 * i] = pcm_[2 * i + 1] = pcm_[i];
    } else if (channels == 2 && format_.channels == 1) {
      for (int i = 0; i < samples_; ++i) pcm_[i] = (pcm_[2 * i] + pcm_[2 * i + 1]) / 2;
    }
    walker_.accept(*header, cancel);
    const int64_t start = next_++ * samples_;
    begin_ = static_cast<int>(std::clamp<int64_t>(info_.delay - start, 0, samples_));
    end_ = samples_;
    if (info_.padding > 0 && next_ <= info_.frames) {
      end_ = static_cast<int>(std::clamp<int64_t>(info_.frames * samples_ - info_.padding - start, 0, samples_));
    }
    if (!keep) begin_ = end_;
    return true;
  }

  std::unique_ptr<ByteReader> reader_;
  Mp3Walker walker_;
  Mp3Core core_;
  DecoderFormat format_;
  Mp3Info info_;
  int samples_ = 0;              // of a frame
  std::vector<uint64_t> index_;  // byte offsets of frames 0, kStep, 2 kStep, …
  std::array<float, 2 * 1152> pcm_{};
  int begin_ = 0, end_ = 0;  // what is left of the decoded frame
  int64_t next_ = 0;         // the number of the next frame
  bool atEnd_ = false;
};

}  // namespace

std::unique_ptr<Decoder> openMp3(std::unique_ptr<ByteReader> reader, CancelToken& cancel) {
  return std::make_unique<Mp3Decoder>(std::move(reader), cancel);
}

}  // namespace hearken
