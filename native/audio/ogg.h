#pragma once

#include <cstdint>
#include <vector>

#include "audio/byte_reader.h"

namespace hearken {

struct OggPage {
  uint64_t offset = 0;
  const uint8_t* data = nullptr;  // the whole page, in the reader's window: valid until the reader moves again
  size_t size = 0;
  uint8_t flags = 0;
  int64_t granule = -1;  // -1: no packet ends on this page
  uint32_t serial = 0;
  size_t segments() const { return data[26]; }
  const uint8_t* lacing() const { return data + 27; }
  const uint8_t* body() const { return data + 27 + segments(); }
  bool continued() const { return flags & 1; }
  bool first() const { return flags & 2; }
  bool last() const { return flags & 4; }
};

// The next page with a right checksum, from the reader's position on; stands behind it afterwards. False at the end.
bool nextOggPage(ByteReader& reader, OggPage& page, CancelToken& cancel);

// Wraps packets into pages of one stream (the checksum is left 0).
std::vector<uint8_t> makeOggPages(const std::vector<std::vector<uint8_t>>& packets, uint32_t serial, bool first);

}  // namespace hearken
