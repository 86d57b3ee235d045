#include <algorithm>
#include <cmath>
#include <tuple>

#include "check.h"
#include "core/ledger.h"
#include "diarization/online_tracks.h"
#include "diarization/stitch.h"
#include "diarization/tracker.h"
#include "diarization_helpers.h"

using namespace hearken;
using check::Json;
using check::kDimensions;
using check::RandomVoices;

namespace {

constexpr int kFrames = SegmentationShape::kFrames;

// conversation() of test/fixtures/diarization_clusters.py.
std::vector<std::vector<float>> conversation(uint64_t seed, int windows) {
  const Timeline timeline;
  check::Random random(seed);
  const auto total = static_cast<size_t>(firstFrame(timeline, windows - 1) + kFrames);
  std::vector<std::array<bool, 3>> speaks(total, {false, false, false});
  for (size_t voice = 0; voice < 3; ++voice) {
    size_t at = random.integer() % 400;
    while (at < total) {
      const size_t length = 20 + random.integer() % 500;
      for (size_t i = at; i < std::min(total, at + length); ++i) speaks[i][voice] = true;
      at += length + 3;
      at += random.integer() % 900;
    }
  }
  std::vector<std::vector<float>> out;
  for (int w = 0; w < windows; ++w) {
    const auto first = static_cast<size_t>(firstFrame(timeline, w));
    const size_t shift = random.integer() % 3;
    std::vector<float> window;
    for (size_t i = 0; i < kFrames; ++i) {
      unsigned slots = 0;
      for (size_t s = 0, found = 0; s < 3; ++s) {
        if (speaks[first + i][(s + 3 - shift) % 3] && found++ < 2) slots |= 1u << s;
      }
      const double sure = 0.5 + random.integer() % 50 / 100.0;
      for (uint8_t c = 0; c < 7; ++c) {
        window.push_back(static_cast<float>(std::log(activeSlots(c) == slots ? sure : (1 - sure) / 6)));
      }
    }
    out.push_back(window);
  }
  return out;
}

// A window in which these classes are sure.
std::vector<float> sure(const std::vector<check::Stretch>& stretches) {
  std::vector<float> window(kFrames * 7, std::log(1e-6f));
  std::vector<int> classes(kFrames, 0);
  for (const auto& s : stretches) std::fill(classes.begin() + s.begin, classes.begin() + s.end, s.frameClass);
  for (int i = 0; i < kFrames; ++i) window[static_cast<size_t>(i) * 7 + static_cast<size_t>(classes[i])] = -1e-6f;
  return window;
}

using Key = std::array<int, 5>;

}  // namespace

TEST(tracks_are_those_of_the_python_model) {
  const Json all = Json::read("test/fixtures/diarization_clusters.json");
  Timeline timeline;
  timeline.longestRun = 1e6;  // the model sees all at once
  for (const auto& expected : all["tracks"].items()) {
    const int windows = expected["windows"].integer();
    Tracker tracker(timeline);
    std::vector<Key> pieces, wanted;
    int64_t decided = 0;
    int w = 0;
    for (const auto& window : conversation(static_cast<uint64_t>(expected["seed"].integer()), windows)) {
      for (const auto& heard : tracker.add(check::activities(window), ++w == windows)) {
        CHECK(heard.piece.begin >= decided);
        const auto active = std::count_if(heard.frames.begin(), heard.frames.end(), [](uint8_t f) { return f & 1; });
        pieces.push_back(
            {heard.piece.begin, heard.piece.end, heard.piece.track, heard.piece.clean, static_cast<int>(active)});
      }
      decided = tracker.decidedFrame();
    }
    for (const auto& piece : expected["pieces"].items()) {
      wanted.push_back(
          {piece[0].integer(), piece[1].integer(), piece[2].integer(), piece[3].integer(), piece[4].integer()});
    }
    std::sort(pieces.begin(), pieces.end());
    CHECK(!wanted.empty() && pieces == wanted);
  }
}

TEST(tracks_go_on_through_windows_and_long_runs_are_cut_on_the_way) {
  const Timeline timeline;
  Tracker tracker(timeline);
  std::vector<HeardPiece> pieces;
  for (int w = 0; w < 12; ++w) {  // one voice for a minute, in another slot each time
    const auto more = tracker.add(check::activities(sure({{1 + w % 3, 0, kFrames}})), w == 11);
    pieces.insert(pieces.end(), more.begin(), more.end());
    // What is undecided is at most a run and the window.
    CHECK(firstFrame(timeline, w + 1) - tracker.decidedFrame() <= 12 / 0.016875);
  }
  REQUIRE(!pieces.empty());
  int32_t at = 0;
  for (const auto& heard : pieces) {
    CHECK(heard.piece.track == pieces[0].piece.track && heard.piece.begin == at);
    CHECK(heard.piece.clean == heard.piece.end - heard.piece.begin && heard.piece.cleanSeconds() <= 3.01);
    CHECK(heard.piece.cleanSeconds() >= 1.4);
    at = heard.piece.end;
    std::vector<int64_t> frames;
    pickFrames(timeline, heard, frames);
    CHECK(frames.size() > 140 && frames.size() < 310);
  }
  CHECK(at == firstFrame(timeline, 11) + kFrames);
  Timeline apart = timeline;
  apart.hop = 160000;
  CHECK_THROWS(Tracker{apart}, "ERR_INTERNAL");
}

TEST(tracks_of_silence_are_none) {
  Tracker tracker{Timeline{}};
  for (int w = 0; w < 5; ++w) CHECK(tracker.add(check::activities(sure({})), w == 4).empty());
  CancelToken cancel;
  TrackRecord record;
  record.end(480000);
  CHECK(stitch(record, cluster(record, {}, cancel)).turns.empty());
}

TEST(tracks_speakers_of_a_conversation) {
  const int64_t before = Ledger::instance().bytes(MemoryKind::kDiarization);
  {
    // Four voices take turns of 5 s with pauses of 0.3 and 1 s.
    RandomVoices voices(31, 4, 0.7);
    TrackRecord record;
    OnlineTracks online{OnlineOptions{}};
    check::Random random(2);
    std::vector<Turn> truth, provisional;
    int32_t track = 0;
    const auto say = [&](int32_t begin, int32_t end, int who) {
      HeardPiece heard;
      heard.piece = {begin, end, track++, static_cast<int16_t>(end - begin)};
      heard.frames.assign(static_cast<size_t>(end - begin), 3);
      const auto voice = voices.of(who);
      record.add(heard, voice.data());
      truth.push_back({frameBegin(begin), frameBegin(end), who});
      const auto turns = online.add(heard, voice.data());
      provisional.insert(provisional.end(), turns.begin(), turns.end());
      online.decided(begin);
    };
    int32_t at = 10;
    for (int i = 0; i < 60; ++i) {
      const int who = i < 4 ? i : static_cast<int>(random.integer() % 4);
      say(at, at + 148, who);
      track--;  // the pause of 0.3 s is within a track
      say(at + 166, at + 314, who);
      at += 314 + 59;
    }
    record.end(frameBegin(at));
    CHECK(record.byteSize() == Ledger::instance().bytes(MemoryKind::kDiarization) - before);
    CancelToken cancel;
    const auto found = stitch(record, cluster(record, {}, cancel));
    REQUIRE(found.speakers.size() == 4 && online.speakers() == 4);
    CHECK(provisional.size() == truth.size());
    for (size_t i = 0; i < truth.size(); ++i) CHECK(provisional[i].speaker == truth[i].speaker);
    // The short pauses are closed, the long ones are not.
    REQUIRE(found.turns.size() == 60);
    for (size_t i = 0; i < 60; ++i) {
      CHECK(found.turns[i].begin == truth[2 * i].begin && found.turns[i].end == truth[2 * i + 1].end);
      CHECK(found.turns[i].speaker == truth[2 * i].speaker);
      CHECK(found.exclusive[i].begin == found.turns[i].begin && found.exclusive[i].end == found.turns[i].end);
    }
    CHECK(stitch(record, cluster(record, {}, cancel), 0).turns.size() == 120);
  }
  CHECK(Ledger::instance().bytes(MemoryKind::kDiarization) == before);
}

TEST(tracks_active_together_are_two_speakers) {
  RandomVoices voices(8, 2, 0.5);
  TrackRecord record;
  OnlineTracks online{OnlineOptions{}};
  const auto add = [&](int32_t begin, int32_t end, int32_t track, int16_t clean, const std::vector<float>& voice) {
    HeardPiece heard;
    heard.piece = {begin, end, track, clean};
    heard.frames.assign(static_cast<size_t>(end - begin), 1);
    record.add(heard, voice.data());
    const auto turns = online.add(heard, voice.data());
    return turns.empty() ? -1 : turns[0].speaker;
  };
  const std::vector<float> unheard(kDimensions);
  CHECK(add(0, 150, 0, 150, voices.of(0)) == 0);
  CHECK(add(200, 350, 1, 150, voices.of(1)) == 1);
  CHECK(add(400, 550, 0, 100, voices.of(0)) == 0);
  CHECK(add(450, 500, 2, 0, voices.of(0)) == 1);  // sounds like the first, which speaks already
  CHECK(add(600, 610, 1, 0, unheard) == 1);       // by its track
  record.end(frameBegin(700));
  CancelToken cancel;
  const auto labels = cluster(record, {}, cancel).labels;
  CHECK(labels[0] == labels[2] && labels[1] == labels[3] && labels[0] != labels[1] && labels[4] == labels[1]);
}

TEST(turns_pauses_are_closed_where_nobody_else_speaks) {
  const std::vector<Turn> turns = {{0, 100, 0}, {120, 200, 0}, {205, 220, 1}, {230, 300, 0}, {305, 400, 0}};
  const auto closed = closePauses(turns, 30);
  REQUIRE(closed.size() == 3);
  CHECK(closed[0].end == 200 && closed[1].speaker == 1 && closed[2].begin == 230 && closed[2].end == 400);
  CHECK(closePauses(turns, 19).size() == 4 && closePauses(turns, 4).size() == 5 && closePauses({}, 9).empty());
  // Against all pairs.
  check::Random random(77);
  for (int round = 0; round < 200; ++round) {
    std::vector<Turn> some;
    for (int speaker = 0; speaker < 3; ++speaker) {
      int64_t at = random.integer() % 50;
      for (int i = 0; i < 6; ++i) {
        const int64_t end = at + 1 + random.integer() % 40;
        some.push_back({at, end, speaker});
        at = end + 1 + random.integer() % 60;
      }
    }
    sortTurns(some);
    std::vector<Turn> expected;
    for (int speaker = 0; speaker < 3; ++speaker) {
      Turn open{-1, -1, speaker};
      for (const auto& turn : some) {
        if (turn.speaker != speaker) continue;
        bool other = open.begin < 0 || turn.begin - open.end > 30;
        for (const auto& t : some) other |= t.speaker != speaker && t.begin < turn.begin && t.end > open.end;
        if (other && open.begin >= 0) expected.push_back(open);
        if (other) open = turn;
        open.end = turn.end;
      }
      expected.push_back(open);
    }
    sortTurns(expected);
    const auto got = closePauses(some, 30);
    REQUIRE(got.size() == expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
      CHECK(got[i].begin == expected[i].begin && got[i].end == expected[i].end &&
            got[i].speaker == expected[i].speaker);
    }
  }
}
