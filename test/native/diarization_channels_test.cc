// Diarization by channel: the tap at the decoder, the channels' samples, the rules for turns, the whole stream.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <numeric>
#include <thread>

#include "audio/frame_tap.h"
#include "audio_helpers.h"
#include "chunk/planner.h"
#include "diarization/channel_stream.h"

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

std::string model(const std::string& name) {
  const std::string path = "models/" + name;
  if (!std::filesystem::exists(path)) throw check::Skip{path + " is absent"};
  return path;
}

std::shared_ptr<ChannelStream> openStreamOf() {
  CancelToken cancel;
  auto weights = DiarizationModel::load(model("pyannote-segmentation-3.0.gguf"), model("campplus-zh-en.gguf"), cancel);
  return std::make_shared<ChannelStream>(std::move(weights), loadSileroWeights(model("ggml-silero-v6.2.3.bin")));
}

// Reads the range on a thread of its own, as a planner does, while `run` is on this one.
struct Listened {
  Speakers speakers;
  std::vector<Turn> provisional;
  int64_t decided = 0;
};

Listened listen(const Bytes& bytes, int64_t begin = 0, int64_t end = kAll) {
  auto stream = openStreamOf();
  const StreamInput input = stream->input(begin, end);
  PlanOptions plan;
  plan.begin = begin;
  plan.end = end;
  plan.detectSpeech = false;
  ChunkPlanner planner(openTapped(bytes, false, input.frames), nullptr, plan, input.samples);
  CancelToken cancel;
  std::thread reading([&] { planner.drain(cancel); });
  Listened result;
  stream->run(cancel, [&](const std::vector<Turn>& turns, int64_t decided) {
    for (const Turn& turn : turns) {
      CHECK(turn.begin >= result.decided && turn.begin < turn.end && turn.end <= decided);
      result.provisional.push_back(turn);
    }
    CHECK(decided >= result.decided);
    result.decided = decided;
  });
  reading.join();
  CHECK(!stream->busy());
  result.speakers = stream->finish({}, cancel);
  return result;
}

// Samples of either that the other lacks, of one speaker.
int64_t difference(const std::vector<Turn>& a, const std::vector<Turn>& b, int speaker, int64_t samples) {
  std::vector<uint8_t> spoken(static_cast<size_t>(samples));
  for (const auto* turns : {&a, &b}) {
    for (const Turn& turn : *turns) {
      if (turn.speaker != speaker) continue;
      for (int64_t i = turn.begin; i < turn.end; ++i) spoken[static_cast<size_t>(i)] |= turns == &a ? 1 : 2;
    }
  }
  return std::count_if(spoken.begin(), spoken.end(), [](uint8_t bits) { return bits == 1 || bits == 2; });
}

Bytes stereo(const Samples& left, const Samples& right) {
  Samples both;
  for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    both.push_back(i < left.size() ? left[i] : 0);
    both.push_back(i < right.size() ? right[i] : 0);
  }
  return audiotest::makeWav(both, kSampleRate, 2);
}

Samples jfk() {
  return audiotest::readFile("examples/jfk.wav");
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

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

TEST(channel_gate_stops_a_leak) {
  const auto gated = [](std::vector<std::pair<float, float>> powers) {
    CrosstalkGate gate(2);
    std::vector<int> open;
    for (const auto& [a, b] : powers) {
      const float power[] = {a, b};
      float probability[] = {1, 1};
      gate.process(power, probability);
      open.push_back((probability[0] > 0) + 2 * (probability[1] > 0));
    }
    return open;
  };
  CHECK(gated({{1, 0.1f}}) == std::vector<int>{3});            // −10 dB
  CHECK(gated({{1, 0.05f}}) == std::vector<int>{1});           // −13 dB
  CHECK((gated({{1, 0}, {0, 0.01f}})[1] == 1));                // the echo comes late
  CHECK((gated({{0, 0}, {0, 0}}) == std::vector<int>{3, 3}));  // silence is the detector's business
  std::vector<std::pair<float, float>> after(30, {0, 0.01f});
  after[0] = {1, 0.01f};
  const auto open = gated(after);
  CHECK(open[CrosstalkGate::kOwn - 1] == 1);  // the first has ended, and its echo may go on
  CHECK(open[CrosstalkGate::kOthers - 1] == 0);
  CHECK(open[CrosstalkGate::kOthers] == 2);
}

TEST(channel_turns_bridge_pauses_and_share_the_floor) {
  // Frames of 512 samples, 1024 before and 512 behind; a pause of up to 8000 samples is bridged.
  const std::vector<Turn> turns = ChannelTurns::make({{{1, 10}, {28, 30}, {50, 60}}, {{20, 52}, {58, 59}}}, 30000);
  std::vector<std::vector<int64_t>> got;
  for (const Turn& turn : turns) got.push_back({turn.speaker, turn.begin, turn.end});
  CHECK((got == std::vector<std::vector<int64_t>>{{0, 0, 15872}, {1, 9216, 30000}, {0, 24576, 30000}}));
  got.clear();
  for (const Turn& turn : ChannelTurns::exclusive(turns)) got.push_back({turn.speaker, turn.begin, turn.end});
  CHECK((got == std::vector<std::vector<int64_t>>{{0, 0, 15872}, {1, 15872, 30000}}));
  got.clear();
  for (const Turn& turn : ChannelTurns::exclusive({{0, 10, 0}, {2, 4, 1}, {3, 20, 2}, {8, 30, 1}, {40, 50, 0}})) {
    got.push_back({turn.speaker, turn.begin, turn.end});
  }
  CHECK((got == std::vector<std::vector<int64_t>>{{0, 0, 10}, {2, 10, 20}, {1, 20, 30}, {0, 40, 50}}));
}

TEST(channel_stream_finds_who_speaks) {
  const Samples voice = jfk();
  Samples late(20 * kSampleRate);
  std::copy(voice.begin(), voice.end(), late.begin() + 8 * kSampleRate);
  Samples leak = late;  // of the left voice, 20 dB down and 40 ms late
  for (size_t i = 0; i < voice.size(); ++i) leak[i + 640] += 0.1f * voice[i];
  const int64_t total = 20 * kSampleRate;
  const Listened alone = listen(stereo(voice, Samples(late.size())));
  REQUIRE(alone.speakers.speakers.size() == 2);
  CHECK(alone.speakers.speakers[1].samples == 0 && alone.speakers.speakers[1].voice.empty());
  CHECK(alone.speakers.speakers[0].samples > 8 * kSampleRate);

  const Listened both = listen(stereo(voice, leak));
  REQUIRE(both.speakers.speakers.size() == 2);
  CHECK(both.decided == total);
  // Each channel's turns are those of its voice alone, moved.
  std::vector<Turn> expected = alone.speakers.turns;
  for (const Turn& turn : alone.speakers.turns) {
    expected.push_back({turn.begin + 8 * kSampleRate, turn.end + 8 * kSampleRate, 1});
  }
  for (const int speaker : {0, 1}) {
    CHECK(difference(expected, both.speakers.turns, speaker, total) < kSampleRate / 2);
    CHECK(difference(both.provisional, both.speakers.turns, speaker, total) < 2 * kSampleRate);
  }
  CHECK_NEAR(cosine(both.speakers.speakers[0].voice, both.speakers.speakers[0].voice), 1, 1e-4);
  CHECK(cosine(both.speakers.speakers[0].voice, both.speakers.speakers[1].voice) > 0.9);  // the same person
  for (size_t i = 1; i < both.speakers.exclusive.size(); ++i) {
    CHECK(both.speakers.exclusive[i].begin >= both.speakers.exclusive[i - 1].end);
  }
}

TEST(channel_stream_counts_from_the_range) {
  const Samples voice = jfk();
  Samples padded(4 * kSampleRate);
  padded.insert(padded.end(), voice.begin(), voice.end());
  const Bytes bytes = stereo(padded, Samples(padded.size()));
  const int64_t begin = 4 * kSampleRate, end = 9 * kSampleRate;
  const Listened range = listen(bytes, begin, end);
  const Listened whole = listen(stereo(voice, Samples(voice.size())), 0, 5 * kSampleRate);
  CHECK(range.decided == end - begin);
  CHECK(!range.speakers.turns.empty());
  REQUIRE(range.speakers.turns.size() == whole.speakers.turns.size());
  for (size_t i = 0; i < range.speakers.turns.size(); ++i) {
    CHECK(range.speakers.turns[i].begin == whole.speakers.turns[i].begin);
    CHECK(range.speakers.turns[i].end == whole.speakers.turns[i].end);
  }
}

TEST(channel_stream_can_be_stopped_and_leaves_nothing) {
  const auto held = [] {
    return Ledger::instance().bytes(MemoryKind::kDiarization) + Ledger::instance().bytes(MemoryKind::kAudio) +
           Ledger::instance().bytes(MemoryKind::kWeights) + Ledger::instance().bytes(MemoryKind::kStates);
  };
  const int64_t before = held();
  {
    Samples voice = jfk();
    for (int i = 0; i < 3; ++i) voice.insert(voice.end(), voice.begin(), voice.begin() + 10 * kSampleRate);
    const Bytes bytes = stereo(voice, voice);
    auto stream = openStreamOf();
    const StreamInput input = stream->input(0, kAll);
    auto reader = openTapped(bytes, false, input.frames);
    CancelToken cancel;
    std::atomic<bool> stopped{false};
    std::thread reading([&] {
      Samples scrap(4000);
      CancelToken never;  // whoever decodes is not told: the queue takes what comes all the same
      while (reader->read(scrap.data(), scrap.size(), never) == scrap.size()) {
      }
      stopped = true;
    });
    int64_t heard = 0;
    CHECK_THROWS(stream->run(cancel,
                             [&](const std::vector<Turn>&, int64_t decided) {
                               heard = decided;
                               if (decided > 5 * kSampleRate) cancel.cancel();
                             }),
                 codes::kAborted);
    reading.join();
    CHECK(stopped);
    CHECK(heard > 5 * kSampleRate);
    CancelToken other;
    const Speakers found = stream->finish({}, other);
    REQUIRE(!found.turns.empty());
    CHECK(found.turns.back().end < 9 * kSampleRate);
    CHECK(stream->byteSize() < 5 << 20);  // what it ran with is gone
    // Cancelled before any audio was opened: no speakers, and no wait.
    auto idle = openStreamOf();
    CHECK_THROWS(idle->run(cancel, nullptr), codes::kAborted);
    CHECK(idle->finish({}, other).speakers.empty());
  }
  CHECK(held() == before);
}
