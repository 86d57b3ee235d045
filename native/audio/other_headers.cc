// The headers of AIFF, AU and CAF files.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "audio/pcm_decoder.h"
#include "core/error.h"

namespace hearken {
namespace {

using Coding = PcmLayout::Coding;

[[noreturn]] void bad(const char* container, const std::string& what) {
  throw Error(codes::kAudioFormat, std::string("the ") + container + " file is damaged: " + what);
}

uint64_t big(const uint8_t* p, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | p[i];
  return value;
}

int64_t wholeRate(double rate) {
  return rate >= 1 && rate < 1e9 ? std::llround(rate) : 0;
}

void readExactly(ByteReader& reader, uint8_t* out, size_t n, const char* container, CancelToken& cancel) {
  if (reader.read(out, n, cancel) < n) bad(container, "it ends inside its header");
}

void setInt(PcmLayout& layout, int bits, bool bigEndian, const char* container) {
  layout.bytes = (bits + 7) / 8;
  if (bits < 1 || bits > 32) bad(container, "samples of " + std::to_string(bits) + " bits make no sense");
  layout.coding = Coding::kInt;
  layout.bigEndian = bigEndian;
  layout.codec = "pcm_s" + std::to_string(8 * layout.bytes) + (layout.bytes == 1 ? "" : bigEndian ? "be" : "le");
}

void setFloat(PcmLayout& layout, int bits, bool bigEndian, const char* container) {
  if (bits != 32 && bits != 64)
    bad(container, "floating-point samples of " + std::to_string(bits) + " bits make no sense");
  layout.bytes = bits / 8;
  layout.coding = Coding::kFloat;
  layout.bigEndian = bigEndian;
  layout.codec = "pcm_f" + std::to_string(bits) + (bigEndian ? "be" : "le");
}

void setLaw(PcmLayout& layout, bool mu) {
  layout.bytes = 1;
  layout.coding = mu ? Coding::kMuLaw : Coding::kALaw;
  layout.codec = mu ? "pcm_mulaw" : "pcm_alaw";
}

// The COMM chunk; false if the codec is not one of ours.
bool readComm(PcmLayout& layout, const uint8_t* comm, size_t size, bool compressed) {
  if (size < (compressed ? 22u : 18u)) bad("AIFF", "its COMM chunk is too short");
  layout.channels = static_cast<int64_t>(big(comm, 2));
  const int bits = static_cast<int>(big(comm + 6, 2));
  const int exponent = static_cast<int>(big(comm + 8, 2) & 0x7FFF);
  layout.sampleRate = wholeRate(std::ldexp(static_cast<double>(big(comm + 10, 8)), exponent - 16383 - 63));
  checkFormat("aiff", layout.sampleRate, layout.channels);
  const std::string type = compressed ? std::string(reinterpret_cast<const char*>(comm + 18), 4) : "NONE";
  layout.codec = type;
  if (type == "NONE" || type == "twos" || type == "in24" || type == "in32") {
    setInt(layout, bits, true, "AIFF");
  } else if (type == "sowt") {
    setInt(layout, bits, false, "AIFF");
  } else if (type == "fl32" || type == "FL32") {
    setFloat(layout, 32, true, "AIFF");
  } else if (type == "fl64" || type == "FL64") {
    setFloat(layout, 64, true, "AIFF");
  } else if (type == "ulaw" || type == "ULAW" || type == "alaw" || type == "ALAW") {
    setLaw(layout, type[0] == 'u' || type[0] == 'U');
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::optional<PcmLayout> readAiffHeader(ByteReader& reader, CancelToken& cancel) {
  uint8_t head[12];
  readExactly(reader, head, 12, "AIFF", cancel);
  PcmLayout layout;
  layout.container = "aiff";
  bool haveComm = false, ours = false;
  std::optional<uint64_t> samples;  // where they begin, if they come before the COMM chunk
  for (;;) {
    uint8_t chunk[8];
    if (reader.read(chunk, 8, cancel) < 8) bad("AIFF", haveComm ? "it has no SSND chunk" : "it has no COMM chunk");
    const uint64_t size = big(chunk + 4, 4);
    uint64_t used = 0;
    if (std::memcmp(chunk, "COMM", 4) == 0) {
      uint8_t comm[64];
      used = std::min<uint64_t>(size, sizeof(comm));
      readExactly(reader, comm, static_cast<size_t>(used), "AIFF", cancel);
      ours = readComm(layout, comm, static_cast<size_t>(used), head[11] == 'C');
      haveComm = true;
      if (samples) reader.seek(*samples);
      if (samples || !ours) return ours ? std::optional<PcmLayout>(layout) : std::nullopt;
    } else if (std::memcmp(chunk, "SSND", 4) == 0) {
      uint8_t place[8];
      readExactly(reader, place, 8, "AIFF", cancel);
      used = 8;
      const uint64_t offset = big(place, 4);
      if (size >= 8 + offset) layout.dataSize = size - 8 - offset;
      if (haveComm) {
        reader.skip(offset, cancel);
        return layout;
      }
      if (!reader.seekable()) bad("AIFF", "its samples come before its COMM chunk, which a stream cannot go back to");
      samples = reader.tell() + offset;
    }
    reader.skip(size + (size & 1) - std::min(used, size), cancel);
  }
}

std::optional<PcmLayout> readAuHeader(ByteReader& reader, CancelToken& cancel) {
  uint8_t head[24];
  readExactly(reader, head, 24, "AU", cancel);
  const uint64_t offset = big(head + 4, 4), size = big(head + 8, 4), coding = big(head + 12, 4);
  PcmLayout layout;
  layout.container = "au";
  layout.sampleRate = static_cast<int64_t>(big(head + 16, 4));
  layout.channels = static_cast<int64_t>(big(head + 20, 4));
  checkFormat("au", layout.sampleRate, layout.channels);
  if (coding == 1 || coding == 27) {
    setLaw(layout, coding == 1);
  } else if (coding >= 2 && coding <= 5) {
    setInt(layout, 8 * static_cast<int>(coding - 1), true, "AU");
  } else if (coding == 6 || coding == 7) {
    setFloat(layout, coding == 6 ? 32 : 64, true, "AU");
  } else {
    return std::nullopt;
  }
  if (size != 0xFFFFFFFFu) layout.dataSize = size;
  if (offset < 24) bad("AU", "its header's length makes no sense");
  reader.skip(offset - 24, cancel);
  return layout;
}

std::optional<PcmLayout> readCafHeader(ByteReader& reader, CancelToken& cancel) {
  reader.skip(8, cancel);
  PcmLayout layout;
  layout.container = "caf";
  bool haveDesc = false;
  for (;;) {
    uint8_t chunk[12];
    if (reader.read(chunk, 12, cancel) < 12) bad("CAF", haveDesc ? "it has no data chunk" : "it has no desc chunk");
    const uint64_t size = big(chunk + 4, 8);
    uint64_t used = 0;
    if (std::memcmp(chunk, "desc", 4) == 0) {
      uint8_t desc[32];
      readExactly(reader, desc, 32, "CAF", cancel);
      used = 32;
      const uint64_t raw = big(desc, 8);
      double rate;
      std::memcpy(&rate, &raw, sizeof(rate));
      const uint64_t flags = big(desc + 12, 4);
      layout.sampleRate = wholeRate(rate);
      layout.channels = static_cast<int64_t>(big(desc + 24, 4));
      checkFormat("caf", layout.sampleRate, layout.channels);
      const int bits = static_cast<int>(big(desc + 28, 4) & 0xFFFF);
      if (std::memcmp(desc + 8, "lpcm", 4) == 0) {
        (flags & 1 ? setFloat : setInt)(layout, bits, (flags & 2) == 0, "CAF");
      } else if (std::memcmp(desc + 8, "ulaw", 4) == 0 || std::memcmp(desc + 8, "alaw", 4) == 0) {
        setLaw(layout, desc[8] == 'u');
      } else {
        return std::nullopt;
      }
      haveDesc = true;
    } else if (std::memcmp(chunk, "data", 4) == 0) {
      if (!haveDesc) bad("CAF", "it has no desc chunk before its data");
      reader.skip(4, cancel);
      if (size != UINT64_MAX && size >= 4) layout.dataSize = size - 4;
      return layout;
    }
    if (!reader.skip(size - std::min(used, size), cancel)) bad("CAF", "it ends inside its header");
  }
}

}  // namespace hearken
