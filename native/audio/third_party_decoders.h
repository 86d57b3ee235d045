#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/buffer.h"

namespace hearken {

// Thin wraps of the single-file decoders in the vendored whisper.cpp (miniaudio's dr_flac and dr_mp3, stb_vorbis): the
// only place that includes them is third_party_decoders.cc.

// Bytes for dr_flac, by offset from the start of the FLAC data. Must not throw.
class FlacInput {
 public:
  virtual ~FlacInput() = default;
  virtual size_t read(void* out, size_t n) = 0;
  virtual bool seek(int64_t offset, int whence) = 0;  // SEEK_SET, SEEK_CUR, SEEK_END
  virtual int64_t tell() = 0;
};

class FlacCore {
 public:
  static std::unique_ptr<FlacCore> open(FlacInput& input);  // null if this is not decodable FLAC
  ~FlacCore();
  int sampleRate() const;
  int channels() const;
  uint64_t frames() const;  // 0: not told
  size_t read(float* out, size_t frames);
  bool seek(uint64_t frame);

 private:
  FlacCore() = default;
  void* flac_ = nullptr;
};

// One MPEG audio frame at a time.
class Mp3Core {
 public:
  Mp3Core();
  ~Mp3Core();
  void reset();
  // A whole frame with its header to interleaved samples, at most 2 * 1152 floats; returns how many per channel (0: not
  // decodable).
  int decode(const uint8_t* frame, int bytes, float* out, int& channels);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class VorbisCore {
 public:
  // `headers`: Ogg pages with the three header packets and nothing else. Null if they are not valid.
  static std::unique_ptr<VorbisCore> open(const uint8_t* headers, int bytes);
  ~VorbisCore();
  int sampleRate() const;
  int channels() const;
  // The next pages come from elsewhere: the first whole one is dropped and decoding goes on in the one after.
  void flush();
  // Bytes consumed (0: give more); `samples` of output per channel in `out`, valid until the next call.
  int decode(const uint8_t* data, int bytes, float*** out, int& samples);

 private:
  VorbisCore() = default;
  Buffer memory_;  // of the decoder itself too
  void* vorbis_ = nullptr;
};

}  // namespace hearken
