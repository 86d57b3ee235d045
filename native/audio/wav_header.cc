// The headers of RIFF / RF64 / RIFX (big-endian) wave files and of Sony's Wave64, checked before a sample is believed.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "audio/pcm_decoder.h"
#include "core/error.h"

namespace hearken {
namespace {

using Coding = PcmLayout::Coding;

[[noreturn]] void bad(const std::string& what) {
  throw Error(codes::kAudioFormat, "the wav file is damaged: " + what);
}

uint64_t little(const uint8_t* p, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= static_cast<uint64_t>(p[i]) << 8 * i;
  return value;
}

uint64_t big32(const uint8_t* p) {
  return static_cast<uint64_t>(p[0]) << 24 | static_cast<uint64_t>(p[1]) << 16 | static_cast<uint64_t>(p[2]) << 8 |
         p[3];
}

// Turns the fields of a big-endian fmt chunk round.
void swapFmt(std::vector<uint8_t>& fmt) {
  size_t at = 0;
  for (size_t width : {2, 2, 4, 4, 2, 2, 2, 2, 4, 2}) {
    if (at + width > fmt.size()) return;
    std::reverse(fmt.begin() + static_cast<std::ptrdiff_t>(at), fmt.begin() + static_cast<std::ptrdiff_t>(at + width));
    at += width;
  }
}

void readAdpcm(PcmLayout& layout, const std::vector<uint8_t>& fmt, int blockAlign, int bits) {
  const bool ima = layout.coding == Coding::kImaAdpcm;
  const int channels = static_cast<int>(layout.channels), header = (ima ? 4 : 7) * channels;
  layout.codec = ima ? "adpcm_ima_wav" : "adpcm_ms";
  layout.blockBytes = blockAlign;
  if (bits != 4 || blockAlign <= header) bad("its ADPCM blocks make no sense");
  layout.blockFrames = (blockAlign - header) * 2 / channels + (ima ? 1 : 2);
  const int told = fmt.size() >= 20 ? static_cast<int>(little(fmt.data() + 18, 2)) : 0;
  if (told > 0) layout.blockFrames = std::min(layout.blockFrames, told);
  if (ima) return;
  layout.coefficients = {256, 0, 512, -256, 0, 0, 192, 64, 240, 0, 460, -208, 392, -232};
  const size_t count = fmt.size() >= 22 ? static_cast<size_t>(little(fmt.data() + 20, 2)) : 0;
  if (count == 0 || fmt.size() < 22 + 4 * count) return;
  layout.coefficients.clear();
  for (size_t i = 0; i < 2 * count; ++i) {
    layout.coefficients.push_back(static_cast<int16_t>(little(fmt.data() + 22 + 2 * i, 2)));
  }
}

// The fmt chunk; false if the codec is not one of ours.
bool readFmt(PcmLayout& layout, const std::vector<uint8_t>& fmt) {
  if (fmt.size() < 16) bad("its fmt chunk is too short");
  int tag = static_cast<int>(little(fmt.data(), 2));
  layout.channels = static_cast<int64_t>(little(fmt.data() + 2, 2));
  layout.sampleRate = static_cast<int64_t>(little(fmt.data() + 4, 4));
  const int blockAlign = static_cast<int>(little(fmt.data() + 12, 2));
  const int bits = static_cast<int>(little(fmt.data() + 14, 2));
  checkFormat("wav", layout.sampleRate, layout.channels);
  if (tag == 0xFFFE && fmt.size() >= 26) tag = static_cast<int>(little(fmt.data() + 24, 2));
  char name[32];
  std::snprintf(name, sizeof(name), "wav format 0x%04X", static_cast<unsigned>(tag));
  layout.codec = name;
  switch (tag) {
    case 1:
      layout.coding = bits <= 8 ? Coding::kUnsigned8 : Coding::kInt;
      break;
    case 3:
      layout.coding = Coding::kFloat;
      break;
    case 6:
      layout.coding = Coding::kALaw;
      break;
    case 7:
      layout.coding = Coding::kMuLaw;
      break;
    case 0x11:
      layout.coding = Coding::kImaAdpcm;
      break;
    case 2:
      layout.coding = Coding::kMsAdpcm;
      break;
    default:
      return false;
  }
  if (tag == 0x11 || tag == 2) {
    readAdpcm(layout, fmt, blockAlign, bits);
    return true;
  }
  if (bits == 0) bad("it has 0 bits a sample");
  layout.bytes = (bits + 7) / 8;
  const int channels = static_cast<int>(layout.channels);
  // Samples of, say, 20 bits in containers of 24 or 32.
  if (blockAlign % channels == 0 && blockAlign / channels > layout.bytes) layout.bytes = blockAlign / channels;
  if (tag == 3 ? layout.bytes != 4 && layout.bytes != 8 : tag == 1 ? layout.bytes > 4 : layout.bytes != 1) {
    bad("samples of " + std::to_string(bits) + " bits in " + std::to_string(blockAlign) + " bytes make no sense");
  }
  if (tag == 1 && layout.bytes > 1) layout.coding = Coding::kInt;
  const std::string width = std::to_string(8 * layout.bytes);
  layout.codec = tag == 1   ? (layout.bytes == 1 ? "pcm_u8" : "pcm_s" + width + "le")
                 : tag == 3 ? "pcm_f" + width + "le"
                 : tag == 6 ? "pcm_alaw"
                            : "pcm_mulaw";
  return true;
}

std::vector<uint8_t> readChunk(ByteReader& reader, uint64_t size, CancelToken& cancel) {
  std::vector<uint8_t> bytes(static_cast<size_t>(std::min<uint64_t>(size, 4096)));
  bytes.resize(reader.read(bytes.data(), bytes.size(), cancel));
  if (bytes.size() < std::min<uint64_t>(size, 4096)) bad("it ends inside its header");
  return bytes;
}

}  // namespace

std::optional<PcmLayout> readWavHeader(ByteReader& reader, CancelToken& cancel) {
  uint8_t head[12];
  if (reader.read(head, 12, cancel) < 12) bad("it ends inside its header");
  const bool big = std::memcmp(head, "RIFX", 4) == 0;
  const uint64_t riffSize = big ? big32(head + 4) : little(head + 4, 4);
  PcmLayout layout;
  layout.container = "wav";
  std::optional<uint64_t> longSize;  // RF64
  bool haveFmt = false, ours = false;
  std::string after = "its header";
  for (;;) {
    uint8_t chunk[8];
    if (reader.read(chunk, 8, cancel) < 8) {
      bad((haveFmt ? "it has no data chunk" : "it has no fmt chunk") + std::string(" (it ends after ") + after + ")");
    }
    const uint64_t size = big ? big32(chunk + 4) : little(chunk + 4, 4);
    const std::string id(reinterpret_cast<const char*>(chunk), 4);
    after = "its '" + id + "' chunk";
    uint64_t used = 0;
    if (id == "data") {
      if (!haveFmt) bad("it has no fmt chunk before its data");
      const bool streamed = size >= 0xFFFFFF00u || (size == 0 && (riffSize == 0 || riffSize >= 0xFFFFFF00u));
      if (longSize) {
        layout.dataSize = longSize;
      } else if (!streamed) {
        layout.dataSize = size;
      }
      return ours ? std::optional<PcmLayout>(layout) : std::nullopt;
    }
    if (id == "fmt ") {
      auto fmt = readChunk(reader, size, cancel);
      used = fmt.size();
      if (big) swapFmt(fmt);
      ours = readFmt(layout, fmt);
      layout.bigEndian = big;
      if (big && layout.codec.size() > 2 && layout.codec.substr(layout.codec.size() - 2) == "le") {
        layout.codec.replace(layout.codec.size() - 2, 2, "be");
      }
      haveFmt = true;
    } else if (id == "ds64") {
      const auto ds64 = readChunk(reader, size, cancel);
      used = ds64.size();
      if (ds64.size() >= 16 && std::memcmp(head, "RF64", 4) == 0) longSize = little(ds64.data() + 8, 8);
    } else if (id == "fact") {
      const auto fact = readChunk(reader, size, cancel);
      used = fact.size();
      if (!big && fact.size() >= 4 && little(fact.data(), 4) > 0)
        layout.frames = static_cast<int64_t>(little(fact.data(), 4));
    }
    reader.skip(size - used + (size & 1), cancel);
  }
}

std::optional<PcmLayout> readW64Header(ByteReader& reader, CancelToken& cancel) {
  if (!reader.skip(40, cancel)) bad("it ends inside its header");
  PcmLayout layout;
  bool haveFmt = false, ours = false;
  for (;;) {
    uint8_t chunk[24];
    if (reader.read(chunk, 24, cancel) < 24) bad(haveFmt ? "it has no data chunk" : "it has no fmt chunk");
    uint64_t size = little(chunk + 16, 8);
    if (size < 24) bad("a chunk's length makes no sense");
    size -= 24;
    if (std::memcmp(chunk, "data", 4) == 0) {
      if (!haveFmt) bad("it has no fmt chunk before its data");
      layout.container = "w64";
      layout.dataSize = size;
      return ours ? std::optional<PcmLayout>(layout) : std::nullopt;
    }
    uint64_t used = 0;
    if (std::memcmp(chunk, "fmt ", 4) == 0) {
      const auto fmt = readChunk(reader, size, cancel);
      used = fmt.size();
      ours = readFmt(layout, fmt);
      haveFmt = true;
    }
    if (size > UINT64_MAX - 8) bad("a chunk's length makes no sense");
    reader.skip((size + 7) / 8 * 8 - used, cancel);
  }
}

}  // namespace hearken
