#include "audio/mp3_frames.h"

#include <cstring>

namespace hearken {
namespace {

uint32_t big32(const uint8_t* p) {
  return static_cast<uint32_t>(p[0]) << 24 | static_cast<uint32_t>(p[1]) << 16 | static_cast<uint32_t>(p[2]) << 8 |
         p[3];
}

// kbit/s by index, for MPEG 1 layers I, II, III and MPEG 2 layers I, II and III.
constexpr int kBitrates[5][15] = {
    {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
    {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
    {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
    {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
    {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
};
constexpr int kRates[3] = {44100, 48000, 32000};

}  // namespace

std::optional<Mp3Header> parseMp3Header(const uint8_t* d) {
  if (d[0] != 0xFF || (d[1] & 0xE0) != 0xE0) return std::nullopt;
  Mp3Header h;
  h.version = d[1] >> 3 & 3;
  h.layer = 4 - (d[1] >> 1 & 3);
  const int bitrate = d[2] >> 4, rate = d[2] >> 2 & 3, padding = d[2] >> 1 & 1;
  if (h.version == 1 || h.layer == 4 || bitrate == 0 || bitrate == 15 || rate == 3 || (d[3] & 3) == 2)
    return std::nullopt;
  const bool first = h.version == 3;
  h.sampleRate = kRates[rate] >> (first ? 0 : h.version == 2 ? 1 : 2);
  h.channels = (d[3] >> 6) == 3 ? 1 : 2;
  const int bits = kBitrates[first ? h.layer - 1 : h.layer == 1 ? 3 : 4][bitrate] * 1000;
  if (h.layer == 1) {
    h.samples = 384;
    h.bytes = (12 * bits / h.sampleRate + padding) * 4;
  } else {
    h.samples = h.layer == 3 && !first ? 576 : 1152;
    h.bytes = h.samples / 8 * bits / h.sampleRate + padding;
  }
  h.sideInfo = first ? (h.channels == 1 ? 17 : 32) : (h.channels == 1 ? 9 : 17);
  return h;
}

bool isMp3Chain(const uint8_t* data, size_t size, int wanted, bool atEnd) {
  std::optional<Mp3Header> first;
  size_t at = 0;
  for (int found = 0; found < wanted; ++found) {
    if (at + 4 > size) return atEnd && found > 0 && at <= size;
    const auto header = parseMp3Header(data + at);
    if (!header || (first && !header->sameStream(*first))) {
      // The last frame of a short file, with a tag behind it.
      return found > 0 && (std::memcmp(data + at, "TAG", 3) == 0 || std::memcmp(data + at, "APET", 4) == 0);
    }
    if (!first) first = header;
    at += static_cast<size_t>(header->bytes);
  }
  return true;
}

std::optional<Mp3Info> parseMp3Info(const uint8_t* frame, const Mp3Header& header) {
  if (header.layer != 3) return std::nullopt;
  const uint8_t* end = frame + header.bytes;
  const bool checked = (frame[1] & 1) == 0;
  Mp3Info info;
  const uint8_t* vbri = frame + 4 + 32;
  if (vbri + 26 <= end && std::memcmp(vbri, "VBRI", 4) == 0) {
    info.bytes = big32(vbri + 10);
    info.frames = big32(vbri + 14);
    return info;
  }
  const uint8_t* p = frame + 4 + (checked ? 2 : 0) + header.sideInfo;
  if (p + 8 > end || (std::memcmp(p, "Xing", 4) != 0 && std::memcmp(p, "Info", 4) != 0)) return std::nullopt;
  const uint32_t flags = big32(p + 4);
  p += 8;
  const auto field = [&](uint32_t bit, size_t size) -> const uint8_t* {
    if (!(flags & bit) || p + size > end) return nullptr;
    const uint8_t* at = p;
    p += size;
    return at;
  };
  if (const uint8_t* at = field(1, 4)) info.frames = big32(at);
  if (const uint8_t* at = field(2, 4)) info.bytes = big32(at);
  field(4, 100);
  field(8, 4);
  // The encoder's tag: its delay and padding are 12 bits each, 21 bytes in. A decoder adds 529 samples of delay.
  if (p + 24 <= end &&
      (std::memcmp(p, "LAME", 4) == 0 || std::memcmp(p, "Lavc", 4) == 0 || std::memcmp(p, "Lavf", 4) == 0)) {
    const int delay = p[21] << 4 | p[22] >> 4, padding = (p[22] & 15) << 8 | p[23];
    info.delay = delay + 529;
    info.padding = padding > 529 ? padding - 529 : 0;
  }
  return info;
}

std::optional<Mp3Header> Mp3Walker::next(CancelToken& cancel) {
  for (;;) {
    size_t got = 0;
    const uint8_t* data = reader_.peek(ByteReader::kWindow / 4, got, cancel);
    if (got < 4) return std::nullopt;
    const bool atEnd = got < ByteReader::kWindow / 4;
    if (inStep_) {
      const auto header = parseMp3Header(data);
      if (header && (!first_ || header->sameStream(*first_))) {
        if (static_cast<size_t>(header->bytes) > got) return std::nullopt;  // cut off
        return header;
      }
      inStep_ = false;
    }
    size_t at = 0;
    for (; at + 4 <= got; ++at) {
      if (data[at] != 0xFF) continue;
      const auto header = parseMp3Header(data + at);
      if (!header || (first_ && !header->sameStream(*first_))) continue;
      if (at > 0 && !atEnd && got - at < 6000) break;  // look at it again with more behind it
      if (isMp3Chain(data + at, got - at, first_ ? 2 : 3, atEnd) && at + static_cast<size_t>(header->bytes) <= got) {
        reader_.skip(at, cancel);
        inStep_ = true;
        return header;
      }
    }
    if (atEnd && at + 4 > got) return std::nullopt;
    reader_.skip(at, cancel);
  }
}

void Mp3Walker::accept(const Mp3Header& header, CancelToken& cancel) {
  reader_.skip(static_cast<uint64_t>(header.bytes), cancel);
}

}  // namespace hearken
