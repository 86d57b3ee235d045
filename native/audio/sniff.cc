#include "audio/sniff.h"

#include <cstring>

#include "audio/mp3_frames.h"

namespace hearken {
namespace {

constexpr size_t kLook = 16384;

bool has(const uint8_t* data, size_t size, size_t at, const char* magic) {
  const size_t length = std::strlen(magic);
  return at + length <= size && std::memcmp(data + at, magic, length) == 0;
}

// No audio container is without control bytes for so long; web pages, playlists and subtitles are.
bool isText(const uint8_t* data, size_t size) {
  const size_t length = size < 512 ? size : 512;
  for (size_t i = 0; i < length; ++i) {
    if (data[i] < 0x09 || (data[i] > 0x0D && data[i] < 0x20) || data[i] == 0x7F || data[i] >= 0xF8) return false;
  }
  return true;
}

bool isMp3(const uint8_t* data, size_t size) {
  const bool atEnd = size < kLook;
  for (size_t at = 0; at + 4 <= size && at < 8192; ++at) {
    // At the very start a single frame is enough, if it fills the file; further in, four in a row.
    if (data[at] == 0xFF && isMp3Chain(data + at, size - at, at == 0 ? 3 : 4, atEnd && at == 0)) return true;
  }
  return false;
}

}  // namespace

Container sniff(ByteReader& reader, CancelToken& cancel) {
  bool tagged = false;
  size_t size = 0;
  const uint8_t* data = reader.peek(10, size, cancel);
  if (size == 0) return Container::kEmpty;
  while (size == 10 && has(data, size, 0, "ID3") && data[3] < 0xFF && data[4] < 0xFF) {
    tagged = true;
    uint64_t length = 10 + (data[5] & 0x10 ? 10 : 0);
    for (int i = 0; i < 4; ++i) length += static_cast<uint64_t>(data[6 + i] & 0x7F) << 7 * (3 - i);
    if (!reader.skip(length, cancel)) return Container::kId3Only;
    data = reader.peek(10, size, cancel);
  }
  // The short magics first, so that a slow stream is not held up for more bytes than they need.
  data = reader.peek(64, size, cancel);
  if (tagged && size == 0) return Container::kId3Only;
  if ((has(data, size, 0, "RIFF") || has(data, size, 0, "RF64") || has(data, size, 0, "RIFX")) &&
      has(data, size, 8, "WAVE"))
    return Container::kWav;
  if (has(data, size, 0, "riff\x2E\x91\xCF\x11")) return Container::kW64;
  if (has(data, size, 0, "FORM") && (has(data, size, 8, "AIFF") || has(data, size, 8, "AIFC"))) return Container::kAiff;
  if (has(data, size, 0, ".snd")) return Container::kAu;
  if (has(data, size, 0, "caff")) return Container::kCaf;
  if (has(data, size, 0, "fLaC")) return Container::kFlac;
  if (has(data, size, 4, "ftyp") || has(data, size, 4, "moov") || has(data, size, 4, "mdat")) return Container::kMp4;
  if (has(data, size, 0, "OggS")) {
    return size > 28 && has(data, size, 27 + static_cast<size_t>(data[26]), "\x01vorbis") ? Container::kVorbis
                                                                                          : Container::kOther;
  }
  if (has(data, size, 0, "RIFF") || has(data, size, 0, "\x1A\x45\xDF\xA3") || has(data, size, 0, "\x30\x26\xB2\x75")) {
    return Container::kOther;  // AVI, Matroska, ASF: may hold what looks like MP3
  }
  data = reader.peek(kLook, size, cancel);
  if (has(data, size, 0, "NIST_1A")) return Container::kOther;  // a text header before its samples
  if (isMp3(data, size)) return Container::kMp3;
  if (tagged) {
    // Rubbish or padding between the tag and the first frame; all zeros up to the end is no audio at all.
    bool blank = true;
    for (size_t i = 0; i < size; ++i) blank = blank && data[i] == 0;
    if (blank && size < kLook) return Container::kId3Only;
  }
  return isText(data, size) ? Container::kText : Container::kOther;
}

}  // namespace hearken
