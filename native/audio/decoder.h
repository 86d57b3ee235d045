#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "audio/byte_reader.h"
#include "core/cancel.h"

namespace hearken {

struct DecoderFormat {
  std::string container, codec;
  std::string decoder = "builtin";
  int sampleRate = 0;
  int channels = 0;
  std::optional<int64_t> frames;  // as far as the source tells
  bool seekable = false;
};

// What a container decodes to, at its own rate and with its own channels, interleaved. Values may be out of range or
// not finite: what lies behind deals with that.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual const DecoderFormat& format() const = 0;
  // Fewer than `frames` only at the end.
  virtual size_t read(float* out, size_t frames, CancelToken& cancel) = 0;
  // Exact, for seekable ones: the frames that follow are those of an unbroken read. Beyond the end: read() gives 0.
  virtual void seek(int64_t frame, CancelToken& cancel) = 0;
};

// What a decoded value counts as: not finite is silence, and nothing is loud enough to overflow what lies behind.
inline float finiteSample(float value) {
  constexpr float kLoudest = 1e6f;
  if (std::fabs(value) <= kLoudest) return value;
  return std::isfinite(value) ? std::copysign(kLoudest, value) : 0.0f;
}

// The built-in decoders. The reader stands at the container's first byte. Each throws kAudioFormat on what it cannot
// decode.
std::unique_ptr<Decoder> openFlac(std::unique_ptr<ByteReader> reader, CancelToken& cancel);
std::unique_ptr<Decoder> openMp3(std::unique_ptr<ByteReader> reader, CancelToken& cancel);
std::unique_ptr<Decoder> openVorbis(std::unique_ptr<ByteReader> reader, CancelToken& cancel);

constexpr int kMinSampleRate = 1000;
constexpr int kMaxSampleRate = 768000;
constexpr int kMaxChannels = 64;

// Throws kAudioFormat where the rate or the number of channels makes no sense.
void checkFormat(const std::string& container, int64_t sampleRate, int64_t channels);

}  // namespace hearken
