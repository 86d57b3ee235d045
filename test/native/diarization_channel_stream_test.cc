// Diarization by channel: crosstalk, the rules for turns, the whole stream.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <numeric>
#include <thread>

#include "audio_helpers.h"
#include "chunk/planner.h"
#include "diarization/channel_stream.h"

using namespace hearken;
using audiotest::Bytes;
using audiotest::Samples;

namespace {

constexpr int64_t kAll = INT64_MAX;

std::unique_ptr<AudioReader> openTapped(const Bytes& bytes, std::shared_ptr<FrameSink> tap) {
  ReaderOptions options;
  options.tap = std::move(tap);
  return audiotest::openMemory(bytes, options);
}

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
  std::optional<Digest> digest;
};

Listened listen(const Bytes& bytes, int64_t begin = 0, int64_t end = kAll) {
  auto stream = openStreamOf();
  const StreamInput input = stream->input(begin, end);
  PlanOptions plan;
  plan.begin = begin;
  plan.end = end;
  plan.detectSpeech = false;
  ChunkPlanner planner(openTapped(bytes, input.frames), nullptr, plan, input.samples);
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
  result.digest = stream->digest();
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
  for (const Turn& turn : exclusiveTurns(turns)) got.push_back({turn.speaker, turn.begin, turn.end});
  CHECK((got == std::vector<std::vector<int64_t>>{{0, 0, 15872}, {1, 15872, 30000}}));
  got.clear();
  for (const Turn& turn : exclusiveTurns({{0, 10, 0}, {2, 4, 1}, {3, 20, 2}, {8, 30, 1}, {40, 50, 0}})) {
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

TEST(channel_stream_digest_is_of_all_channels) {
  const Samples voice = jfk(), quiet(voice.size());
  const auto digest = [](const Bytes& bytes, int64_t begin = 0, int64_t end = kAll) {
    const auto found = listen(bytes, begin, end).digest;
    REQUIRE(found.has_value());
    return *found;
  };
  const Bytes bytes = stereo(voice, quiet);
  const Digest expected = digest(bytes);
  CHECK(digest(bytes) == expected && digest(bytes, 0, static_cast<int64_t>(voice.size())) == expected);
  CHECK(digest(stereo(quiet, voice)) != expected && digest(bytes, 16000) != expected);
  // Equal in the mix, and not in the channels.
  Samples both;
  for (const float sample : voice) both.insert(both.end(), {sample / 2, sample / 2});
  CHECK(digest(audiotest::makeWav(both, kSampleRate, 2)) != expected);
  // Wherever the range lies in the audio.
  Samples later(16000);
  later.insert(later.end(), voice.begin(), voice.end());
  CHECK(digest(stereo(later, Samples(later.size())), 16000) == expected);
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
    auto reader = openTapped(bytes, input.frames);
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

TEST(channel_stream_that_was_ended_before_it_ran_has_nothing_to_tell) {
  const auto stream = openStreamOf();
  const StreamInput input = stream->input(0, kAll);
  stream->end();
  CancelToken cancel;
  stream->run(cancel, nullptr);  // waits for nobody, whether or not there comes something
  CHECK(!stream->busy() && !stream->digest());
  CHECK(stream->finish({}, cancel).turns.empty());
}
