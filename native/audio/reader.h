#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/cancel.h"

namespace hearken {

// The one rate and layout that everything behind the reader sees: 16 kHz, mono, float, always finite. Nominally in [-1,
// 1]; a float source that is louder keeps its level (up to 1e6), since clipping would destroy its speech.
constexpr int kSampleRate = 16000;
// Three years: no audio is longer, and products with any source's rate stay far from overflow.
constexpr int64_t kLongestAudio = int64_t{100000000} * kSampleRate;

struct AudioInfo {
  std::string container;  // "wav", "mp3", "flac", "ogg", "pcm", or what ffmpeg calls it
  std::string codec;      // "pcm_s16le", "mp3", "flac", "vorbis", …
  std::string decoder;    // "builtin" or "ffmpeg"
  int sampleRate = 0;     // of the source, Hz
  int channels = 0;       // of the source
  // Length in 16 kHz samples, where the source tells. Exact for our own decoders, but for a damaged file, which may end
  // earlier. With ffmpeg it is what the container says, up to some tenths of a second off either way. read() has the
  // last word.
  std::optional<int64_t> frames;
  bool seekable = false;
};

class FileContent;
class FrameSink;

struct ReaderOptions {
  int channel = -1;                // -1: mix all channels down; otherwise the channel to take, from 0
  std::string ffmpegPath;          // the ffmpeg to run for what we don't decode ourselves; empty: looked up on PATH
  std::shared_ptr<FrameSink> tap;  // gets what is decoded, if there is one
};

// A source of 16 kHz mono float samples, decoded as it is pulled. One thread at a time; blocks on its source.
class AudioReader {
 public:
  virtual ~AudioReader() = default;
  virtual const AudioInfo& info() const = 0;
  // Fills out[0 .. n) as far as the source goes; fewer than n only at the end. Throws Error.
  virtual size_t read(float* out, size_t n, CancelToken& cancel) = 0;
  // Position, in 16 kHz samples, of the next sample that read() gives.
  virtual int64_t position() const = 0;
  // Moves to a 16 kHz sample. Exact: the samples that follow are those of an unbroken read (±1e-4). A source that can't
  // seek decodes and drops what lies between, forwards only (backwards: kInvalidArg). Beyond the end: read() gives 0.
  virtual void seek(int64_t sample, CancelToken& cancel) = 0;
  // What the source is a file of, for its digest; null for any other source.
  virtual FileContent* content() const { return nullptr; }
};

}  // namespace hearken
