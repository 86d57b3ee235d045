#include <algorithm>
#include <cstring>
#include <vector>

#include "audio/decoder.h"
#include "audio/ogg.h"
#include "audio/third_party_decoders.h"
#include "core/error.h"

namespace hearken {
namespace {

constexpr size_t kMaxSetup = 4 << 20;    // bytes of a setup header that are believed
constexpr size_t kMaxPending = 1 << 20;  // bytes without a packet in them before they are given up
constexpr uint64_t kNearBytes = 1 << 17;
constexpr int kInStep = 3;

// Feeds stb_vorbis page by page. The headers are rebuilt without their comments, which may hold a cover of megabytes
// and lengths that lie. Time is counted in samples since the first; a page's granule says where it ends, which is how a
// seek finds its way.
class VorbisDecoder : public Decoder {
 public:
  VorbisDecoder(std::unique_ptr<ByteReader> reader, CancelToken& cancel) : reader_(std::move(reader)) {
    OggPage page;
    if (!nextOggPage(*reader_, page, cancel) || !readHeaders(page, cancel)) {
      throw Error(codes::kAudioFormat, "the audio begins as Ogg Vorbis, but its headers are damaged or cut off");
    }
    format_.container = "ogg";
    format_.codec = "vorbis";
    format_.sampleRate = core_->sampleRate();
    format_.channels = core_->channels();
    format_.seekable = reader_->seekable();
    checkFormat("ogg", format_.sampleRate, format_.channels);
    dataStart_ = reader_->tell();
    startHeaders_ = headers_;
    startSerial_ = serial_;
    if (format_.seekable) measure(cancel);
  }

  const DecoderFormat& format() const override { return format_; }

  size_t read(float* out, size_t frames, CancelToken& cancel) override {
    const auto channels = static_cast<size_t>(format_.channels);
    size_t done = 0;
    while (done < frames) {
      if (ready_ == 0 && !decode(cancel)) break;
      const size_t part = std::min(frames - done, static_cast<size_t>(ready_));
      if (out) {
        for (size_t c = 0; c < channels; ++c) {
          for (size_t i = 0; i < part; ++i) out[(done + i) * channels + c] = output_[c][taken_ + i];
        }
      }
      taken_ += part;
      ready_ -= static_cast<int>(part);
      position_ += static_cast<int64_t>(part);
      done += part;
    }
    return done;
  }

  void seek(int64_t frame, CancelToken& cancel) override {
    if (format_.frames && frame >= *format_.frames) {
      restart();
      ended_ = true;
      return;
    }
    uint64_t from = 0;
    if (chained_ || !findStart(frame + base_, from, cancel)) {
      restart();
    } else {
      restart();
      reader_->seek(from);
      core_->flush();
      synced_ = 0;
      // The page at `from` is dropped, the one after it warms the decoder up, and where the third ends its granule
      // tells the place.
      while (synced_ < kInStep && decode(cancel)) ready_ = 0;
    }
    while (position_ < frame) {
      const auto part = static_cast<size_t>(std::min<int64_t>(frame - position_, 1 << 16));
      if (read(nullptr, part, cancel) < part) break;
    }
  }

 private:
  // Collects the three header packets that begin on `page`, and opens the decoder with them.
  bool readHeaders(OggPage page, CancelToken& cancel) {
    serial_ = page.serial;
    std::vector<std::vector<uint8_t>> packets(3);
    size_t packet = 0;
    for (bool more = true; more && packet < 3; more = packet < 3 && nextOggPage(*reader_, page, cancel)) {
      if (page.serial != serial_) continue;
      const uint8_t* at = page.body();
      for (size_t i = 0; i < page.segments() && packet < 3; ++i) {
        const size_t size = page.lacing()[i];
        if (packet != 1) packets[packet].insert(packets[packet].end(), at, at + size);
        if (packets[packet].size() > kMaxSetup) return false;
        at += size;
        if (size < 255) ++packet;
      }
    }
    if (packet < 3 || packets[0].size() != 30 || packets[2].size() < 8) return false;
    packets[1] = {3, 'v', 'o', 'r', 'b', 'i', 's', 0, 0, 0, 0, 0, 0, 0, 0, 1};
    headers_ = makeOggPages({packets[0]}, serial_, true);
    const auto rest = makeOggPages({packets[1], packets[2]}, serial_, false);
    headers_.insert(headers_.end(), rest.begin(), rest.end());
    core_ = VorbisCore::open(headers_.data(), static_cast<int>(headers_.size()));
    return core_ != nullptr;
  }

  // The length, from the last page's granule, and what the first sample's granule is (not 0 in a piece of a broadcast).
  void measure(CancelToken& cancel) {
    while (!based_ && decode(cancel)) {
      position_ += ready_;
      ready_ = 0;
    }
    const uint64_t size = reader_->size().value_or(0);
    int64_t end = -1;
    for (uint64_t back = kNearBytes; end < 0; back *= 4) {
      const uint64_t from = size > dataStart_ + back ? size - back : dataStart_;
      reader_->seek(from);
      OggPage page;
      while (nextOggPage(*reader_, page, cancel)) {
        chained_ = chained_ || page.first();
        if (page.serial == startSerial_ && page.granule >= 0) end = page.granule;
      }
      if (from == dataStart_) break;
    }
    if (!chained_) format_.frames = std::max<int64_t>(0, end - base_);
    restart();
  }

  void restart() {
    headers_ = startHeaders_;
    serial_ = startSerial_;
    core_ = VorbisCore::open(headers_.data(), static_cast<int>(headers_.size()));
    if (!core_) throw Error(codes::kOutOfMemory, "no memory for the Vorbis decoder");
    reader_->seek(dataStart_);
    pending_.clear();
    used_ = 0;
    ready_ = 0;
    position_ = 0;
    synced_ = kInStep;
    ended_ = lastPage_ = pageTold_ = false;
  }

  // Where to begin to be in step before granule `target`: three pages before it. False: at the start.
  bool findStart(int64_t target, uint64_t& from, CancelToken& cancel) {
    uint64_t low = dataStart_, high = reader_->size().value_or(0);
    OggPage page;
    while (high - low > kNearBytes) {
      const uint64_t middle = low + (high - low) / 2;
      reader_->seek(middle);
      bool found = false;
      while (!found && nextOggPage(*reader_, page, cancel)) found = page.serial == serial_ && page.granule >= 0;
      if (found && page.granule <= target && page.offset < high) {
        low = page.offset;
      } else {
        high = middle;
      }
    }
    for (uint64_t back = kNearBytes;; back *= 2) {
      const uint64_t start = low > dataStart_ + back ? low - back : dataStart_;
      reader_->seek(start);
      std::vector<uint64_t> offsets;
      while (nextOggPage(*reader_, page, cancel)) {
        if (page.serial != serial_ || page.granule < 0) continue;
        if (page.granule > target || page.last()) break;
        offsets.push_back(page.offset);
      }
      if (offsets.size() >= 3) {
        from = offsets[offsets.size() - 3];
        return true;
      }
      if (start == dataStart_) return false;
    }
  }

  // One step of stb_vorbis; false at the end. Gives ready_ samples (maybe 0) in output_.
  bool decode(CancelToken& cancel) {
    if (ended_) return false;
    taken_ = 0;
    int samples = 0;
    const int used =
        core_->decode(pending_.data() + used_, static_cast<int>(pending_.size() - used_), &output_, samples);
    if (used > 0) {
      used_ += static_cast<size_t>(used);
      ready_ = std::max(0, samples);
      return true;
    }
    return feed(cancel);
  }

  // The decoder has used all that it could of the pages so far: what it gave ends at the last one's granule.
  bool feed(CancelToken& cancel) {
    if (pageTold_) {
      pageTold_ = false;
      if (!based_ && !lastPage_) base_ = granule_ - position_;
      based_ = true;
      if (synced_ < kInStep && ++synced_ == kInStep) position_ = granule_ - base_;
    }
    OggPage page;
    for (;;) {
      if (!nextOggPage(*reader_, page, cancel)) {
        ended_ = true;
        return false;
      }
      if (page.first()) {
        if (lastPage_ && isVorbis(page)) openNext(page, cancel);
      } else if (page.serial == serial_) {
        break;
      }
    }
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ = 0;
    if (pending_.size() > kMaxPending) {
      pending_.clear();
      core_->flush();
    }
    pending_.insert(pending_.end(), page.data, page.data + page.size);
    lastPage_ = page.last();
    pageTold_ = page.granule >= 0;
    if (pageTold_) granule_ = page.granule;
    return true;
  }

  static bool isVorbis(const OggPage& page) {
    return page.segments() == 1 && page.lacing()[0] == 30 && std::memcmp(page.body(), "\x01vorbis", 7) == 0;
  }

  // Goes on with the next stream of a chained file.
  void openNext(const OggPage& page, CancelToken& cancel) {
    if (!readHeaders(page, cancel) || core_->sampleRate() != format_.sampleRate ||
        core_->channels() != format_.channels) {
      throw Error(
          codes::kAudioFormat,
          "the Ogg file is a chain of streams with different rates or channels: convert it to one stream first");
    }
    pending_.clear();
    used_ = 0;
    lastPage_ = false;
  }

  std::unique_ptr<ByteReader> reader_;
  std::unique_ptr<VorbisCore> core_;
  DecoderFormat format_;
  std::vector<uint8_t> headers_, startHeaders_;  // of the stream being read; of the first in a chain
  std::vector<uint8_t> pending_;                 // pages on their way into the decoder
  size_t used_ = 0;                              // of pending_
  uint64_t dataStart_ = 0;
  uint32_t serial_ = 0, startSerial_ = 0;
  float** output_ = nullptr;
  size_t taken_ = 0;
  int ready_ = 0;
  int64_t position_ = 0;
  int64_t base_ = 0;
  int64_t granule_ = -1;  // of the last page fed that told one
  int synced_ = kInStep;  // page boundaries since a seek; from kInStep on position_ holds
  bool based_ = false;    // base_ is known
  bool pageTold_ = false;
  bool lastPage_ = false;
  bool chained_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Decoder> openVorbis(std::unique_ptr<ByteReader> reader, CancelToken& cancel) {
  return std::make_unique<VorbisDecoder>(std::move(reader), cancel);
}

}  // namespace hearken
