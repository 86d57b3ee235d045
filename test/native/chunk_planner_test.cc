// The chunk plan on made-up probabilities: where chunks begin and end, what they own, what is skipped, what they hold.
#include <algorithm>
#include <memory>
#include <vector>

#include "check.h"
#include "chunk/planner.h"
#include "chunk/speech_regions.h"
#include "core/error.h"

using namespace hearken;

namespace {

constexpr int64_t kSecond = kSampleRate;

class MemoryReader final : public AudioReader {
 public:
  MemoryReader(const std::vector<float>& samples, size_t most) : samples_(samples), most_(most) {}
  const AudioInfo& info() const override { return info_; }
  size_t read(float* out, size_t n, CancelToken&) override {
    n = std::min({n, most_, samples_.size() - at_});
    std::copy_n(samples_.begin() + static_cast<std::ptrdiff_t>(at_), n, out);
    at_ += n;
    return n;
  }
  int64_t position() const override { return static_cast<int64_t>(at_); }
  void seek(int64_t sample, CancelToken&) override { at_ = std::min(static_cast<size_t>(sample), samples_.size()); }

 private:
  const std::vector<float>& samples_;
  const size_t most_;
  size_t at_ = 0;
  AudioInfo info_;
};

// A frame is speech where its loudest sample is above 0.1, so that the audio says what the detector finds.
class LoudnessDetector final : public SpeechDetector {
 public:
  void reset() override {}
  void detect(const float* samples, size_t frames, std::vector<float>& out, CancelToken&) override {
    for (size_t f = 0; f < frames; ++f) {
      const float top = *std::max_element(samples + f * kSpeechFrame, samples + (f + 1) * kSpeechFrame);
      out.push_back(top > 0.1f ? 0.95f : 0.02f);
    }
  }
};

struct Part {
  double seconds;
  float loudness;
};

// Every sample differs, so that a wrong offset shows.
std::vector<float> makeAudio(const std::vector<Part>& parts) {
  std::vector<float> all;
  for (const Part& part : parts) {
    const size_t end = all.size() + static_cast<size_t>(part.seconds * kSampleRate);
    while (all.size() < end) {
      const float wave = static_cast<float>(all.size() * 2654435761u % 1000003u) / 1000003.0f;
      all.push_back(part.loudness * (2 * wave - 1));
    }
  }
  return all;
}

struct Plan {
  std::vector<PlannedChunk> chunks;
  int64_t position = 0;
};

Plan plan(const std::vector<float>& audio, PlanOptions options = {}, size_t most = 1 << 20) {
  ChunkPlanner planner(std::make_unique<MemoryReader>(audio, most), std::make_unique<LoudnessDetector>(), options);
  CancelToken cancel;
  Plan result;
  while (auto chunk = planner.next(cancel)) result.chunks.push_back(std::move(*chunk));
  CHECK(!planner.next(cancel));
  result.position = planner.position();
  return result;
}

// What holds of every plan.
void checkPlan(const Plan& plan, const std::vector<float>& audio, const PlanOptions& options) {
  const int64_t end = std::min<int64_t>(options.end, static_cast<int64_t>(audio.size()));
  CHECK(plan.position == std::max(end, options.begin));
  int64_t owned = options.begin;
  int index = 0;
  for (const auto& c : plan.chunks) {
    CHECK(c.index == index++);
    CHECK(c.span.begin >= options.begin && c.span.end <= end);
    CHECK(c.span.length() > 0 && c.span.length() <= options.chunkSamples);
    CHECK(c.owned.begin >= owned && c.owned.length() > 0);
    CHECK(c.owned.begin >= c.span.begin && c.owned.end <= c.span.end);
    for (int64_t i = owned; i < c.owned.begin && options.detectSpeech; ++i) {
      if (audio[static_cast<size_t>(i)] > 0.1f) {
        check::fail(__FILE__, __LINE__, "speech at sample " + std::to_string(i) + " belongs to no chunk");
        break;
      }
    }
    if (!options.detectSpeech) CHECK(c.owned.begin == owned);
    owned = c.owned.end;
    REQUIRE(static_cast<int64_t>(c.pcm.size()) == c.span.length());
    CHECK(std::equal(c.pcm.begin(), c.pcm.end(), audio.begin() + c.span.begin));
    REQUIRE(!c.speech.empty());
    int64_t at = c.span.begin;
    for (const auto& s : c.speech) {
      CHECK(s.begin >= at && s.end > s.begin && s.end <= c.span.end);
      at = s.end + 1;
    }
  }
  for (int64_t i = owned; i < end; ++i) {
    if (audio[static_cast<size_t>(i)] > 0.1f) {
      check::fail(__FILE__, __LINE__, "speech behind the last chunk");
      break;
    }
  }
}

bool same(const Plan& a, const Plan& b) {
  const auto equal = [](const PlannedChunk& x, const PlannedChunk& y) {
    return x.span.begin == y.span.begin && x.span.end == y.span.end && x.owned.begin == y.owned.begin &&
           x.owned.end == y.owned.end && x.end == y.end && x.pcm == y.pcm && x.speech.size() == y.speech.size();
  };
  return a.chunks.size() == b.chunks.size() && std::equal(a.chunks.begin(), a.chunks.end(), b.chunks.begin(), equal);
}

double seconds(int64_t samples) {
  return static_cast<double>(samples) / kSampleRate;
}

}  // namespace

TEST(chunk_plan_of_nothing) {
  for (size_t n : {size_t{0}, size_t{1}, size_t{511}, size_t{512}, size_t{1} << 14, size_t{100000}}) {
    const std::vector<float> silence(n, 0.0f);
    const Plan result = plan(silence);
    CHECK(result.chunks.empty());
    CHECK(result.position == static_cast<int64_t>(n));
  }
}

TEST(chunk_plan_of_one_short_word) {
  const auto audio = makeAudio({{5, 0}, {0.2, 0.5f}, {5, 0}});
  const Plan result = plan(audio);
  checkPlan(result, audio, {});
  REQUIRE(result.chunks.size() == 1);
  CHECK_NEAR(seconds(result.chunks[0].span.begin), 4.7, 0.04);
  CHECK_NEAR(seconds(result.chunks[0].span.end), 5.5, 0.04);
}

TEST(chunk_plan_of_speech_up_to_the_last_sample) {
  const auto audio = makeAudio({{3.00001, 0.5f}});
  const Plan result = plan(audio);
  checkPlan(result, audio, {});
  REQUIRE(result.chunks.size() == 1);
  CHECK(result.chunks[0].span.begin == 0);
  CHECK(result.chunks[0].span.end == static_cast<int64_t>(audio.size()));
}

TEST(chunk_plan_cuts_at_the_best_pause_of_the_later_half) {
  const auto audio = makeAudio({{10, 0.5f}, {0.9, 0}, {13, 0.5f}, {0.9, 0}, {3, 0.5f}, {0.2, 0}, {30, 0.5f}});
  const Plan result = plan(audio);
  checkPlan(result, audio, {});
  REQUIRE(result.chunks.size() >= 2);
  CHECK(result.chunks[0].end == ChunkEnd::kPause);
  CHECK(result.chunks[0].span.end > static_cast<int64_t>(23.9 * kSampleRate));
  CHECK(result.chunks[0].span.end < static_cast<int64_t>(24.8 * kSampleRate));
}

TEST(chunk_plan_prefers_the_later_of_equal_pauses) {
  std::vector<Part> parts;
  for (int i = 0; i < 30; ++i) {
    parts.push_back({3.5, 0.5f});
    parts.push_back({0.5, 0});
  }
  const auto audio = makeAudio(parts);
  const Plan result = plan(audio);
  checkPlan(result, audio, {});
  REQUIRE(result.chunks.size() == 5);  // 7 utterances of 4 s in each window of 30 s, and the rest
  for (const auto& c : result.chunks) CHECK(c.end == ChunkEnd::kPause);
}

TEST(chunk_plan_skips_long_silence_and_keeps_short) {
  const auto audio = makeAudio({{2, 0.5f}, {2.5, 0}, {2, 0.5f}, {3.5, 0}, {2, 0.5f}, {60, 0}, {2, 0.5f}});
  const Plan result = plan(audio);
  checkPlan(result, audio, {});
  REQUIRE(result.chunks.size() == 3);
  CHECK_NEAR(seconds(result.chunks[0].span.end), 6.8, 0.05);
  CHECK(result.chunks[0].speech.size() == 2);
  CHECK_NEAR(seconds(result.chunks[1].span.begin), 9.7, 0.05);
  CHECK_NEAR(seconds(result.chunks[2].span.begin), 71.7, 0.05);
}

TEST(chunk_plan_overlaps_where_there_is_no_pause) {
  // At 28.4 s it is less loud, but not a pause.
  const auto audio = makeAudio({{28.4, 0.9f}, {0.2, 0.3f}, {50, 0.9f}});
  const Plan result = plan(audio);
  checkPlan(result, audio, {});
  REQUIRE(result.chunks.size() == 3);
  CHECK(result.chunks[0].end == ChunkEnd::kOverlap);
  CHECK(result.chunks[0].span.end == 30 * kSecond);
  CHECK_NEAR(seconds(result.chunks[1].span.begin), 27.5, 1e-6);
  CHECK_NEAR(seconds(result.chunks[0].owned.end), 28.5, 0.1);
  CHECK(result.chunks[0].owned.end == result.chunks[1].owned.begin);
  CHECK(result.chunks[2].end == ChunkEnd::kPause);
  CHECK(result.chunks[2].owned.end == static_cast<int64_t>(audio.size()));
}

TEST(chunk_plan_leaves_no_sliver) {
  for (double extra : {0.01, 0.3, 1.0, 2.0, 3.0}) {
    const auto whole = makeAudio({{30 + extra, 0.5f}});
    const Plan unbroken = plan(whole);
    checkPlan(unbroken, whole, {});
    REQUIRE(unbroken.chunks.size() == 2);
    CHECK(unbroken.chunks[1].span.length() >= 5 * kSecond);

    const auto spoken = makeAudio({{18, 0.5f}, {0.4, 0}, {10, 0.5f}, {0.5, 0}, {1.1 + extra, 0.5f}, {5, 0}, {9, 0.5f}});
    const Plan balanced = plan(spoken);
    checkPlan(balanced, spoken, {});
    REQUIRE(balanced.chunks.size() == 3);
    CHECK_NEAR(seconds(balanced.chunks[0].span.end), 18.2, 0.2);
  }
}

TEST(chunk_plan_of_a_range) {
  const auto audio = makeAudio({{40, 0.5f}, {1, 0}, {40, 0.5f}});
  PlanOptions options;
  options.begin = 12345;
  options.end = 70 * kSecond + 1;
  const Plan result = plan(audio, options);
  checkPlan(result, audio, options);
  REQUIRE(!result.chunks.empty());
  CHECK(result.chunks.front().span.begin == options.begin);
  CHECK(result.chunks.back().span.end == options.end);

  options.begin = options.end = 500;
  CHECK(plan(audio, options).chunks.empty());
  options.begin = 100 * kSecond;  // behind the end of the audio
  options.end = 200 * kSecond;
  CHECK(plan(audio, options).chunks.empty());
}

TEST(chunk_plan_without_detection_tiles_everything) {
  const auto audio = makeAudio({{5, 0}, {20, 0.5f}, {0.5, 0.001f}, {30, 0.5f}, {20, 0.0f}, {41, 0.5f}});
  PlanOptions options;
  options.detectSpeech = false;
  const Plan result = plan(audio, options);
  checkPlan(result, audio, options);
  REQUIRE(result.chunks.size() >= 4);
  CHECK(result.chunks.front().owned.begin == 0);
  CHECK(result.chunks.back().owned.end == static_cast<int64_t>(audio.size()));
  CHECK(result.chunks.front().end == ChunkEnd::kPause);
  CHECK_NEAR(seconds(result.chunks.front().span.end), 25.25, 0.26);

  ChunkPlanner noDetector(std::make_unique<MemoryReader>(audio, 999), nullptr, options);
  CancelToken cancel;
  CHECK(noDetector.next(cancel).has_value());
}

TEST(chunk_plan_does_not_depend_on_the_readers_blocks) {
  const auto audio = makeAudio({{1, 0}, {17, 0.5f}, {0.3, 0}, {40, 0.5f}, {4, 0}, {3, 0.5f}, {1, 0}, {35.123, 0.5f}});
  for (bool detect : {true, false}) {
    PlanOptions options;
    options.detectSpeech = detect;
    const Plan whole = plan(audio, options);
    checkPlan(whole, audio, options);
    for (size_t most : {size_t{313}, size_t{512}, size_t{16385}}) CHECK(same(whole, plan(audio, options, most)));
  }
}

TEST(chunk_plan_holds_for_random_audio_and_lengths) {
  unsigned seed = 7;
  const auto random = [&](unsigned n) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
  };
  for (int round = 0; round < 60; ++round) {
    std::vector<Part> parts;
    for (unsigned i = 0; i < 3 + random(20); ++i) {
      parts.push_back({random(100) / (random(4) ? 50.0 : 4.0) + 0.3, 0.3f + random(7) / 10.0f});
      parts.push_back({random(100) / (random(3) ? 100.0 : 15.0), 0});
    }
    const auto audio = makeAudio(parts);
    PlanOptions options;
    options.chunkSamples = kSecond + random(40 * static_cast<unsigned>(kSecond));
    options.begin = random(2) ? random(3 * static_cast<unsigned>(kSecond)) : 0;
    options.detectSpeech = random(4) != 0;
    if (options.begin > static_cast<int64_t>(audio.size())) options.begin = 0;
    checkPlan(plan(audio, options), audio, options);
  }
}

TEST(chunk_plan_memory_is_bounded) {
  const auto audio = makeAudio({{300, 0.5f}, {120, 0}, {100, 0.5f}});
  const int64_t before = Ledger::instance().bytes(MemoryKind::kAudio);
  PlanOptions options;
  options.chunkSamples = 20 * kSecond;
  {
    ChunkPlanner planner(std::make_unique<MemoryReader>(audio, 4096), std::make_unique<LoudnessDetector>(), options);
    CancelToken cancel;
    while (auto chunk = planner.next(cancel)) {
      const int64_t now = Ledger::instance().bytes(MemoryKind::kAudio) - before;
      CHECK(now <= 2.4 * static_cast<double>(options.chunkSamples * static_cast<int64_t>(sizeof(float))));
    }
  }
  CHECK(Ledger::instance().bytes(MemoryKind::kAudio) == before);
}

TEST(chunk_plan_refuses_bad_options) {
  const std::vector<float> audio(100);
  const auto make = [&](int64_t begin, int64_t end, int64_t chunk) {
    PlanOptions options;
    options.begin = begin;
    options.end = end;
    options.chunkSamples = chunk;
    ChunkPlanner planner(std::make_unique<MemoryReader>(audio, 10), std::make_unique<LoudnessDetector>(), options);
  };
  CHECK_THROWS(make(-1, 10, kSecond), codes::kInvalidArg);
  CHECK_THROWS(make(10, 9, kSecond), codes::kInvalidArg);
  CHECK_THROWS(make(0, 10, kSecond - 1), codes::kInvalidArg);
  CHECK_THROWS(make(0, 10, 3600 * kSecond + 1), codes::kInvalidArg);
  CHECK_THROWS(ChunkPlanner(std::make_unique<MemoryReader>(audio, 10), nullptr, PlanOptions{}), codes::kInvalidArg);
}

TEST(chunk_plan_stops_when_cancelled) {
  const auto audio = makeAudio({{10, 0.5f}});
  ChunkPlanner planner(std::make_unique<MemoryReader>(audio, 10), std::make_unique<LoudnessDetector>(), PlanOptions{});
  CancelToken cancel;
  cancel.cancel();
  CHECK_THROWS(planner.next(cancel), codes::kAborted);
}

TEST(chunk_plan_ends_at_an_error) {
  // Fails once, in mid-block, and would go on after.
  class Failing final : public AudioReader {
   public:
    explicit Failing(const std::vector<float>& samples) : inner_(samples, 1000) {}
    const AudioInfo& info() const override { return inner_.info(); }
    size_t read(float* out, size_t n, CancelToken& cancel) override {
      if (inner_.position() >= 50000 && !failed_) {
        failed_ = true;
        throw Error(codes::kAudioRead, "the disk is gone");
      }
      return inner_.read(out, n, cancel);
    }
    int64_t position() const override { return inner_.position(); }
    void seek(int64_t sample, CancelToken& cancel) override { inner_.seek(sample, cancel); }

   private:
    MemoryReader inner_;
    bool failed_ = false;
  };
  const auto audio = makeAudio({{10, 0.5f}});
  for (const bool detect : {true, false}) {
    PlanOptions options;
    options.detectSpeech = detect;
    ChunkPlanner planner(std::make_unique<Failing>(audio), std::make_unique<LoudnessDetector>(), options);
    CancelToken cancel;
    for (int i = 0; i < 3; ++i) CHECK_THROWS(planner.next(cancel), codes::kAudioRead);
  }
}

TEST(chunk_regions_keep_weak_speech_only_near_speech) {
  const auto regions = [](const std::vector<std::pair<int, float>>& runs) {
    SpeechRegions found;
    for (const auto& [frames, p] : runs) {
      for (int i = 0; i < frames; ++i) found.push(p);
    }
    found.finish();
    return found.closed();
  };
  CHECK(regions({{50, 0.0f}, {3, 0.4f}, {50, 0.0f}}).empty());
  CHECK(regions({{50, 0.0f}, {1, 0.9f}, {200, 0.0f}}).empty());
  CHECK(regions({{50, 0.0f}, {3, 0.4f}, {50, 0.0f}, {9, 0.9f}}).size() == 2);
  CHECK(regions({{9, 0.9f}, {50, 0.0f}, {3, 0.4f}, {50, 0.0f}, {3, 0.4f}}).size() == 3);
  CHECK(regions({{9, 0.9f}, {100, 0.0f}, {3, 0.4f}, {100, 0.0f}, {9, 0.9f}}).size() == 2);
  const auto dip = regions({{9, 0.9f}, {1, 0.0f}, {5, 0.25f}, {2, 0.1f}});
  REQUIRE(dip.size() == 1);
  CHECK(dip[0].begin == 0 && dip[0].end == 15);
}
