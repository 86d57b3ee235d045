#include "check.h"
#include "diarization/timeline.h"
#include "diarization_helpers.h"

using namespace hearken;
using check::Json;

TEST(timeline_windows_end_with_the_first_that_reaches_the_end) {
  const Timeline timeline;
  CHECK(windowCount(timeline, 0) == 0);
  CHECK(windowCount(timeline, 1) == 1);
  CHECK(windowCount(timeline, 160000) == 1);
  CHECK(windowCount(timeline, 160001) == 2);
  CHECK(windowCount(timeline, 200000) == 2);
  CHECK(windowCount(timeline, 200001) == 3);
}

TEST(timeline_centres_meet) {
  for (const int64_t hop : {16000, 40000, 80000, 160000}) {
    Timeline timeline;
    timeline.hop = hop;
    CHECK(centreOf(timeline, 0, false).begin == 0);
    CHECK(centreOf(timeline, 5, true).end == SegmentationShape::kFrames);
    for (int32_t window = 0; window < 500; ++window) {
      const auto end = firstFrame(timeline, window) + centreOf(timeline, window, false).end;
      const auto begin = firstFrame(timeline, window + 1) + centreOf(timeline, window + 1, false).begin;
      // At a hop of a whole window, the net's 589 frames are 2.6 short of it.
      if (hop < 160000) CHECK(end >= begin && end <= begin + 2);
    }
  }
}

TEST(timeline_pieces_bridge_holes_and_are_cut_where_long) {
  const Timeline timeline;
  const auto pieces = [&](const std::vector<check::Stretch>& stretches, int32_t window, bool last) {
    return check::windowOf(timeline, window, last, stretches).pieces;
  };
  CHECK(pieces({}, 0, true).empty());
  auto found = pieces({{1, 10, 20}, {1, 31, 40}, {1, 52, 60}}, 0, true);  // holes of 11 and 12 frames
  REQUIRE(found.size() == 2);
  CHECK(found[0].begin == 10 && found[0].end == 40 && found[0].clean == 19);
  CHECK(found[1].begin == 52 && found[1].end == 60);
  found = pieces({{5, 0, 589}}, 0, true);  // slots 0 and 2, all the time: 9.94 s in 4 parts each, none clean
  REQUIRE(found.size() == 8);
  CHECK(found[3].slot == 0 && found[3].end == 589 && found[4].slot == 2 && found[4].begin == 0 && found[4].clean == 0);
  // Only what touches the centre, frames 222 … 370, except at the ends.
  CHECK(pieces({{1, 0, 222}, {2, 371, 589}}, 3, false).empty());
  CHECK(pieces({{1, 200, 223}, {2, 370, 400}}, 3, false).size() == 2);
  CHECK(pieces({{1, 0, 222}, {2, 371, 589}}, 3, true).size() == 2);   // the parts of slot 1 all lie in the end
  CHECK(pieces({{1, 0, 222}, {2, 371, 589}}, 0, false).size() == 2);  // those of slot 0 in the beginning
}

TEST(timeline_agrees_with_the_reference) {
  const Json all = Json::read(check::shared("fixtures/diarization/pipeline.json"));
  const Json ours = Json::read("test/fixtures/diarization_clusters.json");
  const Timeline timeline;
  size_t compared = 0;
  for (const auto& [name, file] : all["files"].members()) {
    const auto& starts = file["window_starts"].items();
    REQUIRE(windowCount(timeline, static_cast<int64_t>(file["samples"].number())) ==
            static_cast<int64_t>(starts.size()));
    std::vector<Piece> pieces;
    std::vector<WindowClasses> classes;
    for (size_t w = 0; w < starts.size(); ++w) {
      CHECK(starts[w].integer() == static_cast<int>(w) * timeline.hop);
      classes.push_back(check::classesOf(file["argmax_classes"][w].text()));
      const auto cut = cutPieces(timeline, static_cast<int32_t>(w), classes.back(), w + 1 == starts.size());
      pieces.insert(pieces.end(), cut.begin(), cut.end());
    }
    const auto& expected = file["pieces"].items();
    REQUIRE(pieces.size() == expected.size());
    std::vector<int> frames;
    for (size_t i = 0; i < pieces.size(); ++i) {
      const Piece& piece = pieces[i];
      CHECK(piece.window == expected[i][0].integer() && piece.slot == expected[i][1].integer() &&
            piece.begin == expected[i][2].integer() && piece.end == expected[i][3].integer());
      CHECK_NEAR(piece.cleanSeconds(), file["clean_seconds"][i].number(), 1e-4);
      pickFrames(timeline, piece, classes[static_cast<size_t>(piece.window)], frames);
      int sum = 0;
      for (const int frame : frames) sum += frame;
      const Json& picked = ours["frames"][name][i];  // count, first, last, sum
      CHECK(static_cast<int>(frames.size()) == picked[0].integer() && sum == picked[3].integer());
      if (!frames.empty()) CHECK(frames.front() == picked[1].integer() && frames.back() == picked[2].integer());
      ++compared;
    }
  }
  CHECK(compared == 191);
}
