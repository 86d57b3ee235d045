#include "audio/pcm_decoder.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/error.h"

namespace hearken {
namespace {

using Coding = PcmLayout::Coding;

template <typename To, typename From>
To bits(From from) {
  To to;
  static_assert(sizeof(to) == sizeof(from), "same size");
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

uint64_t load(const uint8_t* p, int bytes, bool big) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= static_cast<uint64_t>(p[big ? bytes - 1 - i : i]) << 8 * i;
  return value;
}

float muLaw(uint8_t byte) {
  const int v = ~byte & 0xFF;
  const int magnitude = (((v & 15) << 3) + 132) << (v >> 4 & 7);
  return static_cast<float>(v & 0x80 ? 132 - magnitude : magnitude - 132) / 32768.0f;
}

float aLaw(uint8_t byte) {
  const int v = byte ^ 0x55, exponent = v >> 4 & 7;
  int magnitude = ((v & 15) << 4) + 8;
  if (exponent > 0) magnitude = (magnitude + 256) << (exponent - 1);
  return static_cast<float>(v & 0x80 ? magnitude : -magnitude) / 32768.0f;
}

class PcmDecoder : public Decoder {
 public:
  PcmDecoder(std::unique_ptr<ByteReader> reader, PcmLayout layout)
      : reader_(std::move(reader)), layout_(std::move(layout)), start_(reader_->tell()) {
    checkFormat(layout_.container, layout_.sampleRate, layout_.channels);
    format_.container = layout_.container;
    format_.codec = layout_.codec;
    format_.sampleRate = static_cast<int>(layout_.sampleRate);
    format_.channels = static_cast<int>(layout_.channels);
    format_.seekable = reader_->seekable();
    frameBytes_ = static_cast<size_t>(layout_.bytes) * static_cast<size_t>(layout_.channels);
    adpcm_ = layout_.coding == Coding::kImaAdpcm || layout_.coding == Coding::kMsAdpcm;
    std::optional<uint64_t> data = layout_.dataSize;
    if (const auto size = reader_->size()) {
      const uint64_t there = *size > start_ ? *size - start_ : 0;
      data = std::min(data.value_or(there), there);
    }
    if (data) {
      end_ = start_ + *data;
      if (reader_->seekable()) format_.frames = framesIn(*data);
    }
    if (layout_.coding == Coding::kMuLaw || layout_.coding == Coding::kALaw) {
      for (int i = 0; i < 256; ++i) {
        table_[static_cast<size_t>(i)] =
            layout_.coding == Coding::kMuLaw ? muLaw(static_cast<uint8_t>(i)) : aLaw(static_cast<uint8_t>(i));
      }
    }
    if (adpcm_) block_.resize(static_cast<size_t>(layout_.blockFrames) * static_cast<size_t>(layout_.channels));
  }

  const DecoderFormat& format() const override { return format_; }

  size_t read(float* out, size_t frames, CancelToken& cancel) override {
    return adpcm_ ? readBlocks(out, frames, cancel) : readPlain(out, frames, cancel);
  }

  void seek(int64_t frame, CancelToken& cancel) override {
    const uint64_t bytes = reader_->size().value_or(0);
    if (!adpcm_) {
      const uint64_t at = start_ + static_cast<uint64_t>(frame) * frameBytes_;
      reader_->seek(std::min(at, bytes));
      return;
    }
    const int64_t block = frame / layout_.blockFrames;
    reader_->seek(std::min(start_ + static_cast<uint64_t>(block) * static_cast<uint64_t>(layout_.blockBytes), bytes));
    position_ = block * layout_.blockFrames;
    taken_ = ready_ = 0;
    if (nextBlock(cancel)) taken_ = std::min(static_cast<size_t>(frame - position_), ready_);
    position_ = frame;
  }

 private:
  int64_t framesIn(uint64_t bytes) const {
    if (!adpcm_) return static_cast<int64_t>(bytes / frameBytes_);
    const auto size = static_cast<uint64_t>(layout_.blockBytes);
    std::vector<uint8_t> empty(size);
    std::vector<float> scrap(static_cast<size_t>(layout_.blockFrames) * static_cast<size_t>(layout_.channels));
    const int rest = decodeAdpcmBlock(layout_, empty.data(), static_cast<size_t>(bytes % size), scrap.data());
    const int64_t frames = static_cast<int64_t>(bytes / size) * layout_.blockFrames + rest;
    return layout_.frames ? std::min(frames, *layout_.frames) : frames;
  }

  size_t bytesLeft(size_t wanted) const {
    if (!end_) return wanted;
    const uint64_t at = reader_->tell();
    return at >= *end_ ? 0 : static_cast<size_t>(std::min<uint64_t>(wanted, *end_ - at));
  }

  size_t readPlain(float* out, size_t frames, CancelToken& cancel) {
    const auto channels = static_cast<size_t>(layout_.channels);
    const size_t most = std::max<size_t>(1, ByteReader::kWindow / 2 / frameBytes_);
    size_t done = 0;
    while (done < frames) {
      const size_t wanted = bytesLeft(std::min(frames - done, most) * frameBytes_);
      size_t got = 0;
      const uint8_t* data = reader_->peek(wanted, got, cancel);
      const size_t whole = got / frameBytes_;
      if (whole == 0) break;
      convert(data, whole * channels, out + done * channels);
      reader_->skip(whole * frameBytes_, cancel);
      done += whole;
    }
    return done;
  }

  void convert(const uint8_t* data, size_t count, float* out) const {
    const int bytes = layout_.bytes;
    const bool big = layout_.bigEndian;
    switch (layout_.coding) {
      case Coding::kMuLaw:
      case Coding::kALaw:
        for (size_t i = 0; i < count; ++i) out[i] = table_[data[i]];
        break;
      case Coding::kUnsigned8:
        for (size_t i = 0; i < count; ++i) out[i] = static_cast<float>(data[i] - 128) / 128.0f;
        break;
      case Coding::kFloat:
        for (size_t i = 0; i < count; ++i) {
          const uint64_t raw = load(data + i * static_cast<size_t>(bytes), bytes, big);
          out[i] = bytes == 4 ? bits<float>(static_cast<uint32_t>(raw)) : static_cast<float>(bits<double>(raw));
        }
        break;
      default:
        // Left-justified in 32 bits, whatever the width.
        for (size_t i = 0; i < count; ++i) {
          const auto raw = static_cast<uint32_t>(load(data + i * static_cast<size_t>(bytes), bytes, big));
          out[i] = static_cast<float>(bits<int32_t>(raw << 8 * (4 - bytes))) / 2147483648.0f;
        }
    }
  }

  size_t readBlocks(float* out, size_t frames, CancelToken& cancel) {
    const auto channels = static_cast<size_t>(layout_.channels);
    size_t done = 0;
    while (done < frames) {
      if (taken_ == ready_ && !nextBlock(cancel)) break;
      size_t part = std::min(frames - done, ready_ - taken_);
      if (layout_.frames)
        part = static_cast<size_t>(std::clamp<int64_t>(*layout_.frames - position_, 0, static_cast<int64_t>(part)));
      if (part == 0) break;
      std::copy_n(block_.data() + taken_ * channels, part * channels, out + done * channels);
      taken_ += part;
      done += part;
      position_ += static_cast<int64_t>(part);
    }
    return done;
  }

  bool nextBlock(CancelToken& cancel) {
    size_t got = 0;
    const uint8_t* data = reader_->peek(bytesLeft(static_cast<size_t>(layout_.blockBytes)), got, cancel);
    taken_ = 0;
    ready_ = static_cast<size_t>(decodeAdpcmBlock(layout_, data, got, block_.data()));
    reader_->skip(got, cancel);
    return ready_ > 0;
  }

  std::unique_ptr<ByteReader> reader_;
  PcmLayout layout_;
  DecoderFormat format_;
  uint64_t start_;
  std::optional<uint64_t> end_;
  size_t frameBytes_ = 0;
  bool adpcm_ = false;
  std::array<float, 256> table_{};
  std::vector<float> block_;  // ADPCM: decoded
  size_t taken_ = 0, ready_ = 0;
  int64_t position_ = 0;  // ADPCM
};

}  // namespace

std::unique_ptr<Decoder> makePcmDecoder(std::unique_ptr<ByteReader> reader, PcmLayout layout) {
  return std::make_unique<PcmDecoder>(std::move(reader), std::move(layout));
}

}  // namespace hearken
