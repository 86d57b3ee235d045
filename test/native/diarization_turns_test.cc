#include <algorithm>

#include "check.h"
#include "diarization/online.h"
#include "diarization/stitch.h"
#include "diarization/voices.h"
#include "diarization_helpers.h"

using namespace hearken;
using check::kDimensions;
using check::RandomVoices;

namespace {

// What lies under any of the turns, in samples, by brute force on the frames' grid.
std::vector<int> depth(const std::vector<Turn>& turns, int64_t samples) {
  std::vector<int> count(static_cast<size_t>(samples));
  for (const auto& turn : turns) {
    for (int64_t i = turn.begin; i < turn.end; ++i) ++count[static_cast<size_t>(i)];
  }
  return count;
}

bool sane(const std::vector<Turn>& turns, int64_t samples) {
  for (size_t i = 0; i < turns.size(); ++i) {
    if (turns[i].begin < 0 || turns[i].begin >= turns[i].end || turns[i].end > samples) return false;
    if (i > 0 && turns[i].begin < turns[i - 1].begin) return false;
  }
  return true;
}

Record randomRecord(uint64_t seed, int32_t windows, int64_t cut, RandomVoices& voices) {
  const Timeline timeline;
  Record record(timeline);
  check::Random random(seed);
  for (int32_t w = 0; w < windows; ++w) {
    std::vector<check::Stretch> stretches;
    for (int frame = 0; frame < 589;) {
      const int end = std::min<int>(589, frame + 1 + static_cast<int>(random.integer() % 150));
      stretches.push_back({static_cast<int>(random.integer() % 7), frame, end});
      frame = end;
    }
    auto window = check::windowOf(timeline, w, w + 1 == windows, stretches);
    for (size_t i = 0; i < window.pieces.size(); ++i) {
      if (random.integer() % 8) check::setEmbedding(window, i, voices.next());
    }
    record.add(window);
  }
  record.end(160000 + (windows - 1) * timeline.hop - cut);
  return record;
}

}  // namespace

TEST(turns_of_the_exclusive_track_tile_the_speech) {
  CancelToken cancel;
  int deepest = 0;
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    RandomVoices voices(seed, 3, 0.9);
    const Record record = randomRecord(seed, 1 + static_cast<int32_t>(seed % 4) * 5, 39999, voices);
    const auto found = stitch(record, cluster(record, {}, cancel));
    CHECK(sane(found.turns, record.samples()) && sane(found.exclusive, record.samples()));
    const auto all = depth(found.turns, record.samples()), one = depth(found.exclusive, record.samples());
    bool tiled = true;
    for (size_t i = 0; i < all.size(); ++i) tiled &= one[i] == std::min(all[i], 1);
    CHECK(tiled);
    deepest = std::max(deepest, *std::max_element(all.begin(), all.end()));
    std::vector<int64_t> samples(found.speakers.size());
    int seen = 0;
    for (const auto& turn : found.turns) {
      REQUIRE(turn.speaker <= seen && turn.speaker < static_cast<int>(samples.size()));
      seen = std::max(seen, turn.speaker + 1);  // numbered in order of first speech
      samples[static_cast<size_t>(turn.speaker)] += turn.end - turn.begin;
    }
    CHECK(seen == static_cast<int>(samples.size()));
    for (size_t s = 0; s < samples.size(); ++s) CHECK(found.speakers[s].samples == samples[s]);
  }
  CHECK(deepest == 2);
}

TEST(turns_in_overlap_leave_the_floor_to_who_had_it) {
  const Timeline timeline;
  Record record(timeline);
  // Slot 1 speaks, slot 0 joins, and goes on alone; slot 2 begins together with slot 0 and stops.
  auto window = check::windowOf(timeline, 0, true, {{2, 50, 100}, {4, 100, 150}, {1, 150, 200}, {5, 250, 300}});
  REQUIRE(window.pieces.size() == 4);  // slot 0: 100 … 200, 250 … 300; slot 1; slot 2
  record.add(window);
  record.end(160000);
  ClusterResult clusters;
  clusters.speakers = 3;
  clusters.labels = {0, 0, 1, 2};
  const auto found = stitch(record, clusters);
  REQUIRE(found.turns.size() == 4 && found.exclusive.size() == 3);
  CHECK(found.turns[0].speaker == 0 && found.turns[0].begin == frameBegin(50) && found.turns[0].end == frameBegin(150));
  CHECK(found.turns[1].speaker == 1 && found.turns[1].begin == frameBegin(100));
  CHECK(found.exclusive[0].speaker == 0 && found.exclusive[0].end == frameBegin(150));
  CHECK(found.exclusive[1].speaker == 1 && found.exclusive[1].end == frameBegin(200));
  CHECK(found.exclusive[2].end == frameBegin(300));
}

TEST(turns_at_seams_follow_the_rounded_mean_of_both_windows) {
  // Window 0 decides frames 0 … 370 of the grid, window 1 (which begins at 148) from 370 on: one frame is both's.
  const Timeline timeline;
  for (const bool first : {true, false}) {
    for (const bool second : {true, false}) {
      Record record(timeline);
      auto window = check::windowOf(timeline, 0, false, {{1, 300, first ? 371 : 370}});
      record.add(window);
      window = check::windowOf(timeline, 1, true, {{1, second ? 222 : 223, 300}});
      record.add(window);
      record.end(200000);
      const auto found = stitch(record, {1, std::vector<int>(record.pieces(), 0), {}});
      CHECK(found.turns.size() == (first || second ? 1 : 2));  // a half is rounded up
    }
  }
}

TEST(turns_end_with_the_audio) {
  const Timeline timeline;
  Record record(timeline);
  record.add(check::windowOf(timeline, 0, true, {{1, 0, 589}}));
  record.end(1000);
  const auto found = stitch(record, {1, std::vector<int>(record.pieces(), 0), {}});
  REQUIRE(found.turns.size() == 1);
  CHECK(found.turns[0].begin == 360 && found.turns[0].end == 1000);
}

TEST(voices_are_matched_one_to_one_for_the_greatest_surplus) {
  const auto axis = [](std::vector<std::pair<int, float>> parts) {
    std::vector<float> vector(kDimensions);
    for (const auto& [d, value] : parts) vector[d] = value;
    return vector;
  };
  const auto x = axis({{0, 5}}), y = axis({{1, 0.1f}});
  CHECK(matchVoices({}, {x}, 0.5).empty());
  CHECK(matchVoices({x}, {}, 0.5)[0].voice == -1);
  CHECK(matchVoices({{}}, {x}, 0.5)[0].voice == -1);              // a speaker without a voice
  CHECK(matchVoices({axis({})}, {axis({})}, -1)[0].voice == -1);  // nor does silence match silence
  const auto pair = matchVoices({y, x}, {x, y}, 0.5);
  CHECK(pair[0].voice == 1 && pair[1].voice == 0);
  CHECK_NEAR(pair[0].score, 1, 1e-6);
  // Both are nearest to voice 0; the second can be voice 1, too: so it is.
  const auto both = matchVoices({axis({{0, 0.9f}, {2, 0.436f}}), axis({{0, 0.95f}, {1, 0.9f}})}, {x, y}, 0.5);
  CHECK(both[0].voice == 0 && both[1].voice == 1);
  // Below the threshold there is no match, even where a voice is left over.
  const auto far = matchVoices({axis({{0, 1}, {2, 2}}), x}, {x, y}, 0.5);
  CHECK(far[0].voice == -1 && far[1].voice == 0);
  // Any order of many gives every one its own.
  RandomVoices random(9, 30, 0.3);
  std::vector<std::vector<float>> speakers, known;
  for (int i = 0; i < 30; ++i) {
    speakers.push_back(random.of(i));
    known.push_back(random.of((i + 7) % 30));
  }
  const auto many = matchVoices(speakers, known, 0.4);
  for (int i = 0; i < 30; ++i) CHECK(many[i].voice == (i + 23) % 30);
}

TEST(online_speakers_keep_their_labels) {
  const Timeline timeline;
  OnlineSpeakers online(timeline, 0);
  RandomVoices voices(4, 3, 0.6);
  std::vector<Turn> all;
  const int order[] = {2, 2, 0, 2, 1, 0, 1, 2};
  for (int32_t w = 0; w < 8; ++w) {
    auto window = check::windowOf(timeline, w, w == 7, {{1, 222, 371}});
    check::setEmbedding(window, 0, voices.of(order[w]));
    const auto turns = online.add(window, 160000 + 7 * timeline.hop);
    REQUIRE(turns.size() == 1);
    if (!all.empty()) CHECK(turns[0].begin == all.back().end);
    CHECK(turns[0].end <= online.decided());
    all.push_back(turns[0]);
  }
  CHECK(online.speakers() == 3 && online.decided() == 160000 + 7 * timeline.hop);
  const int expected[] = {0, 0, 1, 0, 2, 1, 2, 0};
  for (int w = 0; w < 8; ++w) CHECK(all[w].speaker == expected[w]);
}

TEST(online_speakers_hold_to_the_bound_and_to_the_audio) {
  const Timeline timeline;
  for (const uint64_t seed : {1, 2, 3}) {
    RandomVoices voices(seed, 6, 0.6);
    OnlineSpeakers bounded(timeline, 2), open(timeline, 0);
    check::Random random(seed);
    int64_t before = 0;
    for (int32_t w = 0; w < 20; ++w) {
      const auto first = static_cast<int>(random.integer() % 300);
      auto window =
          check::windowOf(timeline, w, w == 19,
                          {{1, first, first + 120}, {4, first + 120, first + 150}, {2, first + 150, first + 280}});
      for (size_t i = 0; i < window.pieces.size(); ++i) check::setEmbedding(window, i, voices.next());
      const int64_t samples = 160000 + 19 * timeline.hop - 30000;
      for (auto* online : {&bounded, &open}) {
        const auto turns = online->add(window, samples);
        CHECK(sane(turns, samples));
        for (const auto& turn : turns) CHECK(turn.begin >= before && turn.end <= online->decided());
      }
      CHECK(bounded.speakers() <= 2);
      before = open.decided();
    }
    CHECK(open.speakers() > 2);
  }
}

TEST(online_speakers_begin_with_speech_too_short_to_tell) {
  const Timeline timeline;
  OnlineSpeakers online(timeline, 0);
  auto window = check::windowOf(timeline, 0, false, {{1, 100, 120}});
  auto turns = online.add(window);
  REQUIRE(turns.size() == 1);
  CHECK(turns[0].speaker == 0 && turns[0].begin == frameBegin(100) && turns[0].end == frameBegin(120));
  CHECK(online.add(check::windowOf(timeline, 1, false, {})).empty());
  window = check::windowOf(timeline, 2, true, {{2, 250, 589}});
  RandomVoices voices(1, 1, 0.5);
  for (size_t i = 0; i < window.pieces.size(); ++i) check::setEmbedding(window, i, voices.next());
  turns = online.add(window, 200000);
  REQUIRE(turns.size() == 1);
  CHECK(turns[0].speaker == 0 && turns[0].end == 200000);
}
