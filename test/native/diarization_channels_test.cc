// Diarization by channel: the tap at the decoder, the queue, the channels' samples.
#include <algorithm>
#include <atomic>
#include <thread>

#include "audio/frame_tap.h"
#include "audio_helpers.h"
#include "diarization/channel_reader.h"

using namespace hearken;
using audiotest::Bytes;
using audiotest::Samples;

namespace {

constexpr int64_t kAll = INT64_MAX;

// Tones and noise, other ones in each channel.
Samples interleavedNoise(int rate, int channels, double seconds) {
  Samples out;
  unsigned seed = 7;
  for (int i = 0; i < static_cast<int>(rate * seconds); ++i) {
    for (int c = 0; c < channels; ++c) {
      seed = seed * 1664525u + 1013904223u;
      const double t = static_cast<double>(i) / rate;
      out.push_back(static_cast<float>(0.3 * std::sin(2 * 3.14159265 * (300 + 170 * c) * t) +
                                       0.1 * static_cast<int>(seed) / 2147483648.0));
    }
  }
  return out;
}

std::unique_ptr<AudioReader> openTapped(const Bytes& bytes, bool asStream, std::shared_ptr<FrameSink> tap) {
  ReaderOptions options;
  options.tap = std::move(tap);
  if (!asStream) return audiotest::openMemory(bytes, options);
  auto queue = std::make_shared<ByteQueue>();
  queue->push(bytes);
  queue->finish();
  CancelToken cancel;
  return openStream(queue, nullptr, options, cancel);
}

// Samples [begin, end) of every channel, by way of the tap: what passes while a planner reads the range.
std::vector<Samples> channelsOf(const Bytes& bytes, bool asStream, int64_t begin, int64_t end) {
  constexpr size_t kBlock = 3000;
  auto queue = std::make_shared<FrameQueue>();
  auto reader = openTapped(bytes, asStream, queue);
  std::thread decoding([&] {
    CancelToken cancel;
    Samples scrap(5000);
    if (begin > 0) reader->seek(begin, cancel);
    for (int64_t left = end - begin; left > 0;) {
      const auto wanted = static_cast<size_t>(std::min<int64_t>(left, 5000));
      const size_t got = reader->read(scrap.data(), wanted, cancel);
      left -= static_cast<int64_t>(got);
      if (got < wanted) break;
    }
    queue->end();
  });
  CancelToken cancel;
  ChannelReader channels(queue, queue->format(cancel), begin, end, kBlock);
  std::vector<Samples> all(channels.channels());
  Samples block(all.size() * kBlock);
  for (size_t n = kBlock; n == kBlock;) {
    n = channels.read(block.data(), cancel);
    for (size_t c = 0; c < all.size(); ++c) {
      const auto from = block.begin() + static_cast<std::ptrdiff_t>(c * kBlock);
      all[c].insert(all[c].end(), from, from + static_cast<std::ptrdiff_t>(n));
    }
  }
  queue->close();
  decoding.join();
  return all;
}

DecoderFormat formatOf(int rate, int channels) {
  DecoderFormat format;
  format.sampleRate = rate;
  format.channels = channels;
  return format;
}

// Frames that tell their position.
class CountingDecoder : public Decoder {
 public:
  explicit CountingDecoder(int64_t frames) : frames_(frames) {
    format_ = formatOf(8000, 2);
    format_.seekable = true;
  }
  const DecoderFormat& format() const override { return format_; }
  size_t read(float* out, size_t n, CancelToken&) override {
    size_t done = 0;
    for (; done < n && position_ < frames_; ++done, ++position_) {
      *out++ = static_cast<float>(position_);
      *out++ = static_cast<float>(-position_);
    }
    return done;
  }
  void seek(int64_t frame, CancelToken&) override { position_ = frame; }

 private:
  DecoderFormat format_;
  int64_t frames_, position_ = 0;
};

class Recorder : public FrameSink {
 public:
  void open(const DecoderFormat& format) override { channels = format.channels; }
  void take(int64_t position, const float* frames, size_t count, CancelToken&) override {
    CHECK(position == next || next < 0);
    for (size_t i = 0; i < count; ++i) CHECK(frames[2 * i] == static_cast<float>(position + static_cast<int64_t>(i)));
    next = position + static_cast<int64_t>(count);
  }
  int channels = 0;
  int64_t next = -1;
};

}  // namespace

TEST(channels_are_what_a_reader_of_one_channel_gives) {
  for (const int rate : {8000, 11025, 16000, 44100, 48000, 96000}) {
    const Bytes wav = audiotest::makeWav(interleavedNoise(rate, 3, 5.3), rate, 3);
    for (const bool asStream : {false, true}) {
      for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, kAll},
                                       {20000, kAll},
                                       {50001, 70003},
                                       {0, 6000},
                                       {48000, 54000},
                                       {90000, 90000 + 16000},
                                       {200000, kAll}}) {
        const auto channels = channelsOf(wav, asStream, begin, end);
        REQUIRE(channels.size() == 3);
        for (int c = 0; c < 3; ++c) {
          ReaderOptions one;
          one.channel = c;
          Samples expected = audiotest::readAll(*audiotest::openMemory(wav, one));
          const auto total = static_cast<int64_t>(expected.size());
          expected.assign(expected.begin() + std::min(begin, total), expected.begin() + std::min(end, total));
          const Samples& got = channels[static_cast<size_t>(c)];
          CHECK(got.size() == expected.size());
          double worst = 0;
          for (size_t i = 0; i < std::min(got.size(), expected.size()); ++i) {
            worst = std::max<double>(worst, std::fabs(got[i] - expected[i]));
          }
          CHECK(worst < 1e-6);
        }
      }
    }
  }
}

TEST(channel_tap_hands_each_frame_over_once) {
  auto sink = std::make_shared<Recorder>();
  auto tapped = tapFrames(std::make_unique<CountingDecoder>(10000), sink);
  CHECK(sink->channels == 2);
  CancelToken cancel;
  Samples out(2 * 2000);
  tapped->seek(1000, cancel);
  CHECK(tapped->read(out.data(), 2000, cancel) == 2000);
  CHECK(sink->next == 3000);
  tapped->seek(500, cancel);  // as after an error
  CHECK(tapped->read(out.data(), 2000, cancel) == 2000);
  CHECK(out[0] == 500 && sink->next == 3000);
  CHECK(tapped->read(out.data(), 2000, cancel) == 2000);
  CHECK(sink->next == 4500);
  tapped->seek(9000, cancel);
  CHECK_THROWS(tapped->read(out.data(), 10, cancel), codes::kInternal);
}

TEST(channel_queue_keeps_nobody_waiting) {
  const Samples frames(2 * 8000);
  for (const bool cancelled : {false, true}) {
    FrameQueue queue;
    queue.open(formatOf(8000, 2));
    CancelToken cancel;
    std::atomic<bool> threw{false};
    std::thread decoding([&] {
      try {
        for (int64_t at = 0; at < 30 * 8000; at += 8000) queue.take(at, frames.data(), 8000, cancel);
      } catch (const Error& error) {
        threw = error.code() == codes::kAborted;
      }
    });
    while (queue.reached() < 10 * 8000) std::this_thread::yield();
    if (cancelled) {
      cancel.cancel();
    } else {
      queue.close();
    }
    decoding.join();
    CHECK(threw == cancelled);
    CHECK(queue.reached() == 10 * 8000);  // its bound
  }
  FrameQueue queue;
  CancelToken cancel;
  std::thread stopping([&] { cancel.cancel(); });
  CHECK_THROWS(queue.format(cancel), codes::kAborted);
  stopping.join();
  queue.open(formatOf(8000, 2));
  Samples out(2 * 100);
  CHECK_THROWS(queue.read(0, 100, out.data(), cancel), codes::kAborted);
  CancelToken other;
  queue.take(40, frames.data(), 50, other);
  queue.end();
  CHECK(queue.read(60, 160, out.data(), other) == 30);
  CHECK(queue.read(90, 160, out.data(), other) == 0);
}

TEST(channel_queue_refuses_what_has_no_channels) {
  FrameQueue queue;
  CHECK_THROWS(queue.open(formatOf(16000, 1)), codes::kInvalidArg);
  CHECK_THROWS(queue.open(formatOf(16000, 9)), codes::kInvalidArg);
  queue.open(formatOf(16000, 8));
  CHECK(queue.byteSize() > 0 && queue.byteSize() <= 4 << 20);
}
