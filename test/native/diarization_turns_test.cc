#include <algorithm>

#include "check.h"
#include "diarization/online_tracks.h"
#include "diarization/stitch.h"
#include "diarization_helpers.h"

using namespace hearken;
using check::heard;
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

// Pieces of some tracks at once, with holes in them, some without a voice.
TrackRecord randomRecord(uint64_t seed, int pieces, RandomVoices& voices) {
  TrackRecord record;
  check::Random random(seed);
  int32_t furthest = 0;
  for (int i = 0; i < pieces; ++i) {
    const auto begin = static_cast<int32_t>(random.integer() % 3000),
               length = 1 + static_cast<int32_t>(random.integer() % 170);
    auto piece = heard(begin, begin + length, i, length / 2);
    for (int hole = 0; hole < 3; ++hole) {
      const size_t at = random.integer() % piece.frames.size();
      if (at > 0 && at + 1 < piece.frames.size()) piece.frames[at] = 0;
    }
    const std::vector<float> none(kDimensions);
    record.add(piece, (random.integer() % 8 ? voices.next() : none).data());
    furthest = std::max(furthest, begin + length);
  }
  record.end(frameBegin(furthest) - 500);  // the last frames lie beyond the audio
  return record;
}

}  // namespace

TEST(turns_of_the_exclusive_track_tile_the_speech) {
  CancelToken cancel;
  int deepest = 0;
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    RandomVoices voices(seed, 3, 0.9);
    const TrackRecord record = randomRecord(seed, 1 + static_cast<int>(seed % 4) * 25, voices);
    const auto found = stitch(record, cluster(record, {}, cancel));
    CHECK(sane(found.turns, record.samples()) && sane(found.exclusive, record.samples()));
    const auto all = depth(found.turns, record.samples()), one = depth(found.exclusive, record.samples());
    bool tiled = true;
    for (size_t i = 0; i < all.size(); ++i) tiled &= one[i] == std::min(all[i], 1);
    CHECK(tiled);
    deepest = std::max(deepest, *std::max_element(all.begin(), all.end()));
    std::vector<int64_t> samples(found.speakers.size()), until(samples);
    int seen = 0;
    for (const auto& turn : found.turns) {
      REQUIRE(turn.speaker <= seen && turn.speaker < static_cast<int>(samples.size()));
      seen = std::max(seen, turn.speaker + 1);  // numbered in order of first speech
      const auto speaker = static_cast<size_t>(turn.speaker);
      samples[speaker] += turn.end - turn.begin;
      CHECK(turn.begin >= until[speaker]);  // nobody speaks twice at a time
      until[speaker] = turn.end;
    }
    CHECK(seen == static_cast<int>(samples.size()));
    for (size_t s = 0; s < samples.size(); ++s) CHECK(found.speakers[s].samples == samples[s]);
  }
  CHECK(deepest == 3);
}

TEST(turns_in_overlap_leave_the_floor_to_who_had_it) {
  // One speaks, a second joins and goes on alone; two begin together, the first of the two speaks longer.
  const auto exclusive = exclusiveTurns({{50, 150, 0}, {100, 200, 1}, {250, 290, 2}, {250, 300, 1}});
  REQUIRE(exclusive.size() == 3);
  CHECK(exclusive[0].speaker == 0 && exclusive[0].begin == 50 && exclusive[0].end == 150);
  CHECK(exclusive[1].speaker == 1 && exclusive[1].begin == 150 && exclusive[1].end == 200);
  CHECK(exclusive[2].speaker == 1 && exclusive[2].begin == 250 && exclusive[2].end == 300);
}

TEST(turns_end_with_the_audio) {
  TrackRecord record;
  const std::vector<float> none(kDimensions);
  record.add(heard(0, 100, 0), none.data());
  record.add(heard(200, 300, 0), none.data());
  record.end(1000);
  const auto found = stitch(record, {1, {0, 0}, {}});
  REQUIRE(found.turns.size() == 1);
  CHECK(found.turns[0].begin == 360 && found.turns[0].end == 1000);
}

TEST(online_speakers_keep_their_labels) {
  OnlineTracks online{OnlineOptions{}};
  RandomVoices voices(4, 3, 0.6);
  const int order[] = {2, 2, 0, 2, 1, 0, 1, 2}, expected[] = {0, 0, 1, 0, 2, 1, 2, 0};
  for (int32_t i = 0; i < 8; ++i) {
    const int32_t begin = 150 * i;
    const auto turns = online.add(heard(begin, begin + 148, i), voices.of(order[i]).data(), frameBegin(7 * 150 + 100));
    online.decided(begin);
    REQUIRE(turns.size() == 1);
    CHECK(turns[0].speaker == expected[i] && turns[0].begin == frameBegin(begin));
    CHECK(turns[0].end == frameBegin(i < 7 ? begin + 148 : begin + 100));  // with the audio
  }
  CHECK(online.speakers() == 3);
}

TEST(online_speakers_hold_to_the_bound) {
  for (const uint64_t seed : {1, 2, 3}) {
    RandomVoices voices(seed, 6, 0.6);
    OnlineOptions two;
    two.maxSpeakers = 2;
    OnlineTracks bounded(two), open{OnlineOptions{}};
    for (int32_t i = 0; i < 40; ++i) {
      const auto piece = heard(100 * i, 100 * i + 120, i, 80);
      const auto voice = voices.next();
      for (const auto& turn : bounded.add(piece, voice.data())) CHECK(turn.speaker < 2);
      for (const auto& turn : open.add(piece, voice.data())) CHECK(turn.speaker < open.speakers());
    }
    CHECK(bounded.speakers() == 2 && open.speakers() > 2);
  }
}

TEST(online_speakers_begin_with_speech_too_short_to_tell) {
  OnlineTracks online{OnlineOptions{}};
  const std::vector<float> none(kDimensions);
  auto turns = online.add(heard(100, 120, 0), none.data());
  REQUIRE(turns.size() == 1);
  CHECK(turns[0].speaker == 0 && turns[0].begin == frameBegin(100) && turns[0].end == frameBegin(120));
  CHECK(online.speakers() == 0);
  turns = online.add(heard(250, 400, 1), RandomVoices(1, 1, 0.5).next().data());
  REQUIRE(turns.size() == 1);
  CHECK(turns[0].speaker == 0 && online.speakers() == 1);  // the first voice is the first speaker's
}
