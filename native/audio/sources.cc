#include "audio/sources.h"

#include <algorithm>
#include <cmath>

#include "audio/decoder.h"
#include "audio/ffmpeg.h"
#include "audio/file_content.h"
#include "audio/pcm_decoder.h"
#include "audio/pipeline_reader.h"
#include "audio/sniff.h"
#include "core/error.h"

namespace hearken {

void checkFormat(const std::string& container, int64_t sampleRate, int64_t channels) {
  if (channels < 1 || channels > kMaxChannels) {
    throw Error(codes::kAudioFormat, "the " + container + " audio has " + std::to_string(channels) +
                                         " channels: 1 to " + std::to_string(kMaxChannels) + " can be read");
  }
  if (sampleRate < kMinSampleRate || sampleRate > kMaxSampleRate) {
    throw Error(codes::kAudioFormat, "the " + container + " audio has a sample rate of " + std::to_string(sampleRate) +
                                         " Hz: " + std::to_string(kMinSampleRate) + " to " +
                                         std::to_string(kMaxSampleRate) + " can be read");
  }
}

namespace {

// How a source is handed to ffmpeg. The reader stands where sniff() left it; it is null where our own decoder had it
// and refused: then the result is null where the source cannot be read again or there is no ffmpeg.
using Fallback = std::function<std::unique_ptr<Decoder>(std::unique_ptr<ByteReader>, Container)>;

using HeaderReader = std::optional<PcmLayout> (*)(ByteReader&, CancelToken&);

std::unique_ptr<Decoder> openPcmFile(std::unique_ptr<ByteReader> reader, HeaderReader header, const Fallback& fallback,
                                     CancelToken& cancel) {
  const uint64_t start = reader->tell();
  if (reader->seekable()) {
    auto layout = header(*reader, cancel);
    if (layout) return makePcmDecoder(std::move(reader), *layout);
    reader->seek(start);
    return fallback(std::move(reader), Container::kOther);
  }
  // A stream cannot go back to its header for ffmpeg: read it from a copy of the first bytes.
  size_t got = 0;
  const uint8_t* head = reader->peek(4096, got, cancel);
  {
    ByteReader copy(openMemorySource(head, got, nullptr));
    std::optional<PcmLayout> layout;
    try {
      layout = header(copy, cancel);
    } catch (const Error&) {
      layout = header(*reader, cancel);  // a longer header, or a bad one
      if (layout) return makePcmDecoder(std::move(reader), *layout);
      throw Error(codes::kAudioFormat, "its codec cannot be decoded from a stream: give the path of a file");
    }
    if (layout) {
      reader->skip(copy.tell(), cancel);
      return makePcmDecoder(std::move(reader), *layout);
    }
  }
  return fallback(std::move(reader), Container::kOther);
}

using OwnDecoder = std::unique_ptr<Decoder> (*)(std::unique_ptr<ByteReader>, CancelToken&);

// What our decoder refuses, ffmpeg may still know (Vorbis with floor 0, say). If not, our own error says it better.
std::unique_ptr<Decoder> openOwn(OwnDecoder open, std::unique_ptr<ByteReader> reader, const Fallback& fallback,
                                 CancelToken& cancel) {
  try {
    return open(std::move(reader), cancel);
  } catch (const Error& error) {
    if (error.code() != codes::kAudioFormat) throw;
    std::unique_ptr<Decoder> other;
    try {
      other = fallback(nullptr, Container::kOther);
    } catch (const Error&) {
      cancel.throwIfCancelled();
    }
    if (!other) throw;
    return other;
  }
}

std::unique_ptr<Decoder> openDecoder(std::unique_ptr<ByteReader> reader, const Fallback& fallback,
                                     CancelToken& cancel) {
  const Container container = sniff(*reader, cancel);
  switch (container) {
    case Container::kEmpty:
      throw Error(codes::kAudioFormat, "the audio is empty (0 bytes)");
    case Container::kText:
      throw Error(codes::kAudioFormat, "this is text, not audio");
    case Container::kId3Only:
      throw Error(codes::kAudioFormat, "there is only an ID3 tag in it, and no audio");
    case Container::kWav:
      return openPcmFile(std::move(reader), readWavHeader, fallback, cancel);
    case Container::kW64:
      return openPcmFile(std::move(reader), readW64Header, fallback, cancel);
    case Container::kAiff:
      return openPcmFile(std::move(reader), readAiffHeader, fallback, cancel);
    case Container::kAu:
      return openPcmFile(std::move(reader), readAuHeader, fallback, cancel);
    case Container::kCaf:
      return openPcmFile(std::move(reader), readCafHeader, fallback, cancel);
    case Container::kFlac:
      return openOwn(openFlac, std::move(reader), fallback, cancel);
    case Container::kMp3:
      return openMp3(std::move(reader), cancel);
    case Container::kVorbis:
      return openOwn(openVorbis, std::move(reader), fallback, cancel);
    default:
      return fallback(std::move(reader), container);
  }
}

// Whether an MP4's samples come before its index, so that it cannot be read through a pipe.
bool indexBehind(const uint8_t* data, size_t size) {
  for (size_t at = 0; at + 16 <= size;) {
    uint64_t length = 0;
    const bool large = data[at] == 0 && data[at + 1] == 0 && data[at + 2] == 0 && data[at + 3] == 1;
    for (size_t i = 0; i < (large ? 8u : 4u); ++i) length = length << 8 | data[at + (large ? 8 : 0) + i];
    const std::string kind(reinterpret_cast<const char*>(data + at + 4), 4);
    if (kind == "mdat") return true;
    if (kind == "moov" || length < 8 || length > size - at) return false;
    at += static_cast<size_t>(length);
  }
  return false;
}

// A pipe into ffmpeg, for what can be read forwards only.
std::unique_ptr<Decoder> openPiped(std::unique_ptr<ByteReader> reader, Container container, const std::string& ffmpeg,
                                   CancelToken& cancel) {
  if (container == Container::kMp4) {
    size_t got = 0;
    const uint8_t* head = reader->peek(4096, got, cancel);
    if (indexBehind(head, got)) {
      throw Error(
          codes::kAudioFormat,
          "this MP4 has its index at the end, which a stream cannot go back for: give the path of a file, or move the "
          "index to the front (ffmpeg -movflags +faststart)");
    }
  }
  return openFfmpegPipe(std::move(reader), ffmpeg, cancel);
}

// Samples of the caller, as they are.
class PcmReader : public AudioReader {
 public:
  PcmReader(const float* data, size_t size, std::shared_ptr<void> owner)
      : data_(data), size_(static_cast<int64_t>(size)), owner_(std::move(owner)) {
    info_.container = "pcm";
    info_.codec = "pcm_f32";
    info_.decoder = "builtin";
    info_.sampleRate = kSampleRate;
    info_.channels = 1;
    info_.frames = size_;
    info_.seekable = true;
  }
  const AudioInfo& info() const override { return info_; }
  int64_t position() const override { return position_; }
  size_t read(float* out, size_t n, CancelToken& cancel) override {
    cancel.throwIfCancelled();
    const int64_t left = std::max<int64_t>(0, size_ - position_);
    const auto count = static_cast<size_t>(std::min<int64_t>(left, static_cast<int64_t>(n)));
    for (size_t i = 0; i < count; ++i) {
      const float v = data_[static_cast<size_t>(position_) + i];
      out[i] = std::isfinite(v) ? std::clamp(v, -1e6f, 1e6f) : 0.0f;
    }
    position_ += static_cast<int64_t>(count);
    return count;
  }
  void seek(int64_t sample, CancelToken& cancel) override {
    cancel.throwIfCancelled();
    if (sample < 0) throw Error(codes::kInvalidArg, "cannot seek before the start of the audio");
    position_ = sample;
  }

 private:
  const float* data_;
  int64_t size_;
  std::shared_ptr<void> owner_;
  AudioInfo info_;
  int64_t position_ = 0;
};

}  // namespace

std::unique_ptr<AudioReader> openFile(const std::string& path, const ReaderOptions& options, CancelToken& cancel) {
  cancel.throwIfCancelled();
  const auto file = std::make_shared<const OpenFile>(path);
  const bool regular = file->regular();
  const auto content = regular ? std::make_shared<FileContent>(file) : nullptr;
  auto reader = std::make_unique<ByteReader>(openFileSource(file, content));
  try {
    const auto fallback = [&](std::unique_ptr<ByteReader> left, Container container) -> std::unique_ptr<Decoder> {
      if (!left && (!regular || findFfmpeg(options.ffmpegPath).empty())) return nullptr;
      if (!regular) return openPiped(std::move(left), container, options.ffmpegPath, cancel);
      return openFfmpegFile(path, options.ffmpegPath, [content] { content->openedByPath(); }, cancel);
    };
    return makeReader(openDecoder(std::move(reader), fallback, cancel), options, content);
  } catch (const Error& error) {
    if (error.code() == codes::kAudioFormat || error.code() == codes::kAudioFfmpeg) {
      throw Error(error.code(), "cannot decode '" + path + "': " + error.what());
    }
    throw;
  }
}

std::unique_ptr<AudioReader> openBytes(const uint8_t* data, size_t size, std::shared_ptr<void> owner,
                                       const ReaderOptions& options, CancelToken& cancel) {
  cancel.throwIfCancelled();
  auto reader = std::make_unique<ByteReader>(openMemorySource(data, size, owner));
  const auto fallback = [&](std::unique_ptr<ByteReader> left, Container container) -> std::unique_ptr<Decoder> {
    if (!left) {
      if (findFfmpeg(options.ffmpegPath).empty()) return nullptr;
      left = std::make_unique<ByteReader>(openMemorySource(data, size, owner));
    }
    if (container == Container::kMp4 && indexBehind(data, size)) {
      return openFfmpegBytes(data, size, options.ffmpegPath, cancel);
    }
    return openFfmpegPipe(std::move(left), options.ffmpegPath, cancel);
  };
  return makeReader(openDecoder(std::move(reader), fallback, cancel), options);
}

std::unique_ptr<AudioReader> openPcm(const float* data, size_t size, std::shared_ptr<void> owner) {
  return std::make_unique<PcmReader>(data, size, std::move(owner));
}

std::unique_ptr<AudioReader> openStream(std::shared_ptr<ByteQueue> queue, const PcmFormat* pcm,
                                        const ReaderOptions& options, CancelToken& cancel) {
  auto reader = std::make_unique<ByteReader>(openQueueSource(std::move(queue)));
  if (pcm) {
    PcmLayout layout;
    const bool floats = pcm->sample == PcmFormat::Sample::kF32;
    layout.container = "pcm";
    layout.codec = floats ? "pcm_f32le" : "pcm_s16le";
    layout.coding = floats ? PcmLayout::Coding::kFloat : PcmLayout::Coding::kInt;
    layout.bytes = floats ? 4 : 2;
    layout.sampleRate = pcm->sampleRate;
    layout.channels = pcm->channels;
    return makeReader(makePcmDecoder(std::move(reader), layout), options);
  }
  const auto fallback = [&](std::unique_ptr<ByteReader> left, Container container) -> std::unique_ptr<Decoder> {
    if (!left) return nullptr;
    return openPiped(std::move(left), container, options.ffmpegPath, cancel);
  };
  return makeReader(openDecoder(std::move(reader), fallback, cancel), options);
}

}  // namespace hearken
