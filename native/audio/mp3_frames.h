#pragma once

#include <cstdint>
#include <optional>

#include "audio/byte_reader.h"

namespace hearken {

// The header of one MPEG audio frame (MPEG 1, 2, 2.5; layers I to III; no free format).
struct Mp3Header {
  int version = 0;  // the header's two bits: 3 = MPEG 1, 2 = MPEG 2, 0 = MPEG 2.5
  int layer = 0;    // 1 to 3
  int sampleRate = 0;
  int channels = 0;
  int samples = 0;   // per channel in a frame
  int bytes = 0;     // the whole frame
  int sideInfo = 0;  // bytes between the header and the main data of layer III, without the checksum
  bool sameStream(const Mp3Header& other) const {
    return version == other.version && layer == other.layer && sampleRate == other.sampleRate;
  }
};

std::optional<Mp3Header> parseMp3Header(const uint8_t* data);  // 4 bytes

// Whether `data` holds `wanted` frames in a row from its first byte on, or fewer up to its very end.
bool isMp3Chain(const uint8_t* data, size_t size, int wanted, bool atEnd);

// What a Xing / Info or VBRI frame at the start says.
struct Mp3Info {
  int64_t frames = -1;  // without itself
  int64_t bytes = -1;   // of the stream, with itself
  int delay = 0;        // samples to drop at the start, with the decoder's own
  int padding = 0;      // samples to drop at the end of the last frame
};
std::optional<Mp3Info> parseMp3Info(const uint8_t* frame, const Mp3Header& header);

// Walks from frame to frame. After a frame the next header counts as it stands; anywhere else two in a row are asked
// for, so that garbage and tags between frames are stepped over. The same bytes always give the same frames, from any
// frame on.
class Mp3Walker {
 public:
  explicit Mp3Walker(ByteReader& reader) : reader_(reader) {}
  void expect(const Mp3Header& first) { first_ = first; }
  // Stands the reader at the next whole frame of the stream; nullopt at the end.
  std::optional<Mp3Header> next(CancelToken& cancel);
  void accept(const Mp3Header& header, CancelToken& cancel);  // steps over the frame
  void jumped() { inStep_ = true; }                           // the reader was moved to a frame's start

 private:
  ByteReader& reader_;
  std::optional<Mp3Header> first_;
  bool inStep_ = false;
};

}  // namespace hearken
