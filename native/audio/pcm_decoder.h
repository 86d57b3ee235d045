#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/decoder.h"

namespace hearken {

// How samples lie in a container that holds them (nearly) raw.
struct PcmLayout {
  enum class Coding { kInt, kUnsigned8, kFloat, kMuLaw, kALaw, kImaAdpcm, kMsAdpcm } coding = Coding::kInt;
  std::string container, codec;
  bool bigEndian = false;
  int64_t sampleRate = 0;
  int64_t channels = 0;
  int bytes = 2;                     // of a sample of one channel
  int blockBytes = 0;                // ADPCM: of a block
  int blockFrames = 0;               // ADPCM: in a block
  std::vector<int> coefficients;     // MS ADPCM: pairs
  std::optional<uint64_t> dataSize;  // bytes; unknown: up to the end
  std::optional<int64_t> frames;     // ADPCM: as the fact chunk tells
};

// Read a container's header; the reader stands at the first byte of samples afterwards. Throw kAudioFormat on one that
// makes no sense; nullopt: a codec that is not for us. The lengths that a header tells are only hints.
std::optional<PcmLayout> readWavHeader(ByteReader& reader, CancelToken& cancel);   // RIFF, RF64
std::optional<PcmLayout> readW64Header(ByteReader& reader, CancelToken& cancel);   // Sony Wave64
std::optional<PcmLayout> readAiffHeader(ByteReader& reader, CancelToken& cancel);  // AIFF, AIFF-C
std::optional<PcmLayout> readAuHeader(ByteReader& reader, CancelToken& cancel);    // Sun / NeXT
std::optional<PcmLayout> readCafHeader(ByteReader& reader, CancelToken& cancel);   // Apple

std::unique_ptr<Decoder> makePcmDecoder(std::unique_ptr<ByteReader> reader, PcmLayout layout);

// One block of ADPCM to interleaved frames (all of the block's); `size` bytes may be fewer at the end. Returns the
// frames.
int decodeAdpcmBlock(const PcmLayout& layout, const uint8_t* data, size_t size, float* out);

}  // namespace hearken
