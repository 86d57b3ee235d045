#include "audio/ogg.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace hearken {
namespace {

std::array<uint32_t, 256> makeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t r = i << 24;
    for (int k = 0; k < 8; ++k) r = r << 1 ^ (r & 0x80000000u ? 0x04C11DB7u : 0);
    table[i] = r;
  }
  return table;
}

uint32_t checksum(const uint8_t* data, size_t size) {
  static const std::array<uint32_t, 256> table = makeTable();
  uint32_t crc = 0;
  for (size_t i = 0; i < size; ++i) crc = crc << 8 ^ table[crc >> 24 ^ (i >= 22 && i < 26 ? 0 : data[i])];
  return crc;
}

uint32_t little32(const uint8_t* p) {
  return p[0] | static_cast<uint32_t>(p[1]) << 8 | static_cast<uint32_t>(p[2]) << 16 |
         static_cast<uint32_t>(p[3]) << 24;
}

}  // namespace

bool nextOggPage(ByteReader& reader, OggPage& page, CancelToken& cancel) {
  for (;;) {
    cancel.throwIfCancelled();
    size_t got = 0;
    const uint8_t* data = reader.peek(27, got, cancel);
    if (got < 27) return false;
    if (std::memcmp(data, "OggS", 4) == 0 && data[4] == 0) {
      const size_t header = 27 + data[26];
      data = reader.peek(header, got, cancel);
      size_t size = header;
      for (size_t i = 27; i < got; ++i) size += data[i];
      if (got == header) data = reader.peek(size, got, cancel);
      if (got == size && size > header - 1 && checksum(data, size) == little32(data + 22)) {
        page.offset = reader.tell();
        page.data = data;
        page.size = size;
        page.flags = data[5];
        page.granule = static_cast<int64_t>(little32(data + 6) | static_cast<uint64_t>(little32(data + 10)) << 32);
        page.serial = little32(data + 14);
        reader.skip(size, cancel);  // moves within the window only: page.data stays
        return true;
      }
    }
    // Look for the next capture pattern.
    data = reader.peek(4096, got, cancel);
    size_t at = 1;
    while (at + 4 <= got && std::memcmp(data + at, "OggS", 4) != 0) ++at;
    reader.skip(at, cancel);
  }
}

std::vector<uint8_t> makeOggPages(const std::vector<std::vector<uint8_t>>& packets, uint32_t serial, bool first) {
  std::vector<uint8_t> lacing, body, pages;
  for (const auto& packet : packets) {
    for (size_t left = packet.size();; left -= 255) {
      lacing.push_back(static_cast<uint8_t>(std::min<size_t>(left, 255)));
      if (left < 255) break;
    }
    body.insert(body.end(), packet.begin(), packet.end());
  }
  size_t from = 0;
  for (size_t at = 0; at < lacing.size();) {
    const size_t count = std::min<size_t>(255, lacing.size() - at);
    size_t size = 0;
    for (size_t i = 0; i < count; ++i) size += lacing[at + i];
    const bool continued = at > 0 && lacing[at - 1] == 255;
    uint8_t head[27] = {'O', 'g', 'g', 'S', 0, static_cast<uint8_t>((first && at == 0 ? 2 : 0) | (continued ? 1 : 0))};
    for (int i = 0; i < 4; ++i) head[14 + i] = static_cast<uint8_t>(serial >> 8 * i);
    head[26] = static_cast<uint8_t>(count);
    pages.insert(pages.end(), head, head + 27);
    pages.insert(pages.end(), lacing.begin() + static_cast<std::ptrdiff_t>(at),
                 lacing.begin() + static_cast<std::ptrdiff_t>(at + count));
    pages.insert(pages.end(), body.begin() + static_cast<std::ptrdiff_t>(from),
                 body.begin() + static_cast<std::ptrdiff_t>(from + size));
    from += size;
    at += count;
  }
  return pages;
}

}  // namespace hearken
