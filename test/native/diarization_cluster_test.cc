#include <cstdio>
#include <set>

#include "check.h"
#include "core/ledger.h"
#include "diarization/cluster.h"
#include "diarization/linkage.h"
#include "diarization/stitch.h"
#include "diarization/vectors.h"
#include "diarization_helpers.h"

using namespace hearken;
using check::Json;
using check::kDimensions;
using check::RandomVoices;

namespace {

// The record of a fixture's file, with the embeddings that it has.
Record recordOf(const Json& file) {
  const Timeline timeline;
  Record record(timeline);
  size_t next = 0;
  const size_t windows = file["window_starts"].size();
  for (size_t w = 0; w < windows; ++w) {
    WindowResult window;
    window.classes = check::classesOf(file["argmax_classes"][w].text());
    window.last = w + 1 == windows;
    window.pieces = cutPieces(timeline, static_cast<int32_t>(w), window.classes, window.last);
    for (size_t i = 0; i < window.pieces.size(); ++i, ++next) {
      for (int d = 0; d < kDimensions; ++d) {
        const bool known = file.has("piece_embeddings");
        window.embeddings.push_back(known ? static_cast<float>(file["piece_embeddings"][next][d].number()) : 0.0f);
      }
    }
    record.add(window);
  }
  record.end(static_cast<int64_t>(file["samples"].number()));
  return record;
}

std::vector<int> integers(const Json& list) {
  std::vector<int> out;
  for (const auto& item : list.items()) out.push_back(item.integer());
  return out;
}

Groups groupsOf(const std::vector<std::vector<float>>& vectors) {
  Groups groups(vectors.size());
  for (auto vector : vectors) {
    toUnit(vector.data());
    const size_t i = groups.append();
    groups.counts[i] = 1;
    addScaled(vector.data(), 1, groups.sum(i));
  }
  return groups;
}

// A record of pieces of 2.5 s, one a window, of the voices of `random`; `truth`: who.
Record monologues(RandomVoices& random, int windows, std::vector<int>& truth) {
  const Timeline timeline;
  Record record(timeline);
  for (int32_t w = 0; w < windows; ++w) {
    auto window = check::windowOf(timeline, w, w + 1 == windows, {{1, 222, 371}});
    check::setEmbedding(window, 0, random.next());
    truth.push_back(random.speaker);
    record.add(window);
  }
  record.end(160000 + (windows - 1) * timeline.hop);
  return record;
}

// Two labellings say the same but for the names.
bool same(const std::vector<int>& a, const std::vector<int>& b) {
  std::set<std::pair<int, int>> pairs;
  for (size_t i = 0; i < a.size(); ++i) pairs.insert({a[i], b[i]});
  const std::set<int> left(a.begin(), a.end()), right(b.begin(), b.end());
  return a.size() == b.size() && pairs.size() == left.size() && pairs.size() == right.size();
}

}  // namespace

TEST(cluster_labels_and_turns_equal_the_reference) {
  const Json all = Json::read(check::shared("fixtures/diarization/pipeline.json"));
  CancelToken cancel;
  int labelled = 0;
  for (const auto& [name, file] : all["files"].members()) {
    const Record record = recordOf(file);
    ClusterResult clusters;
    clusters.labels = integers(file["labels"]);
    clusters.speakers = file["K"].integer();
    if (file.has("piece_embeddings")) {
      const auto found = cluster(record, ClusterOptions::reference(), cancel);
      CHECK(found.speakers == clusters.speakers);
      CHECK(found.labels == clusters.labels);
      ++labelled;
    }
    const auto speakers = stitch(record, clusters);
    const auto& segments = file["segments"].items();
    REQUIRE(speakers.turns.size() == segments.size());
    for (size_t i = 0; i < segments.size(); ++i) {
      CHECK_NEAR(static_cast<double>(speakers.turns[i].begin) / 16000, segments[i][0].number(), 1e-4);
      CHECK_NEAR(static_cast<double>(speakers.turns[i].end) / 16000, segments[i][1].number(), 1e-4);
      CHECK(speakers.turns[i].speaker == segments[i][2].integer());
    }
  }
  CHECK(labelled >= 1);
}

TEST(cluster_trees_are_scipys) {
  const Json all = Json::read("test/fixtures/diarization_clusters.json");
  CancelToken cancel;
  for (const auto& expected : all["trees"].items()) {
    RandomVoices random(static_cast<uint64_t>(expected["seed"].integer()), expected["speakers"].integer(),
                        expected["noise"].number());
    std::vector<std::vector<float>> vectors;
    for (int i = 0; i < expected["pieces"].integer(); ++i) vectors.push_back(random.next());
    const auto tree = averageLinkage(groupsOf(vectors), cancel);
    REQUIRE(tree.merges.size() == expected["distances"].size());
    for (size_t i = 0; i < tree.merges.size(); ++i) {
      CHECK_NEAR(tree.merges[i].distance, expected["distances"][i].number(), 2e-6);
    }
    for (const auto& [threshold, labels] : expected["within"].members()) {
      CHECK(cutTree(tree, tree.mergesWithin(std::stod(threshold))) == integers(labels));
    }
    for (const auto& [number, labels] : expected["number"].members()) {
      const int clusters = std::stoi(number);
      if (clusters < tree.leaves) CHECK(cutTree(tree, tree.mergesTo(clusters)) == integers(labels));
      if (clusters >= tree.leaves) CHECK(tree.mergesTo(clusters) == 0);  // SciPy numbers these in another order
    }
  }
}

TEST(cluster_of_equal_pieces_is_one_and_does_not_hang) {
  CancelToken cancel;
  const std::vector<std::vector<float>> vectors(300, RandomVoices(3, 1, 0.5).next());
  const auto tree = averageLinkage(groupsOf(vectors), cancel);
  REQUIRE(tree.merges.size() == 299);
  CHECK(cutTree(tree, tree.mergesTo(2)) == std::vector<int>(300, 0));  // no cut between equals, as SciPy
  CHECK(averageLinkage(groupsOf({}), cancel).merges.empty());
}

TEST(cluster_finds_the_number_or_keeps_to_the_one_given) {
  RandomVoices random(11, 4, 0.8);
  std::vector<int> truth;
  const Record record = monologues(random, 200, truth);
  CancelToken cancel;
  const auto found = cluster(record, {}, cancel);
  CHECK(found.speakers == 4 && same(found.labels, truth));
  for (const int number : {1, 2, 3, 4, 6}) {
    ClusterOptions options;
    options.numSpeakers = number;
    CHECK(cluster(record, options, cancel).speakers == number);
    options = {};
    options.maxSpeakers = number;
    CHECK(cluster(record, options, cancel).speakers == std::min(number, 4));
    options = {};
    options.minSpeakers = number;
    CHECK(cluster(record, options, cancel).speakers == std::max(number, 4));
  }
}

TEST(cluster_forced_to_a_number_takes_large_clusters_not_stray_pieces) {
  // Two voices that are near each other, and two coughs that are near nothing.
  const Timeline timeline;
  Record record(timeline);
  check::Random random(5);
  const auto base = random.vector(), shift = random.vector();
  for (int32_t w = 0; w < 60; ++w) {
    auto window = check::windowOf(timeline, w, w == 59, {{1, 222, 371}});
    auto voice = random.vector();
    for (int d = 0; d < kDimensions && w != 20 && w != 40; ++d) {
      voice[d] = 2 * base[d] + (w % 2 ? shift[d] : -shift[d]) + 0.3f * voice[d];
    }
    check::setEmbedding(window, 0, voice);
    record.add(window);
  }
  record.end(160000 + 59 * timeline.hop);
  CancelToken cancel;
  ClusterOptions options;
  options.numSpeakers = 2;
  auto labels = cluster(record, options, cancel).labels;
  CHECK(labels[1] == labels[2]);  // the plain cut takes a cough for a speaker
  options.floorShare = 0.05;
  const auto found = cluster(record, options, cancel);
  CHECK(found.speakers == 2);
  for (int w = 0; w < 60; ++w) {
    if (w != 20 && w != 40) CHECK(found.labels[w] == found.labels[w % 2]);
  }
  CHECK(found.labels[0] != found.labels[1]);
  options.numSpeakers = 5;  // more than there are above the floor: what was asked for counts
  CHECK(cluster(record, options, cancel).speakers == 5);
  options.numSpeakers = 0;
  CHECK(cluster(record, options, cancel).speakers == 1);  // without the coughs
}

TEST(cluster_in_blocks_says_what_the_exact_way_says) {
  RandomVoices random(17, 6, 0.8);
  std::vector<int> truth;
  const Record record = monologues(random, 3000, truth);
  CancelToken cancel;
  ClusterOptions options;
  const auto exact = cluster(record, options, cancel);
  CHECK(exact.speakers == 6 && same(exact.labels, truth));
  for (const int pieces : {1200, 100, 7}) {  // one level of blocks, and more
    options.exactPieces = pieces;
    const auto found = cluster(record, options, cancel);
    CHECK(found.speakers == 6 && same(found.labels, truth));
  }
}

TEST(cluster_stops_when_aborted) {
  RandomVoices random(17, 2, 0.8);
  std::vector<int> truth;
  const Record record = monologues(random, 10, truth);
  CancelToken cancel;
  cancel.cancel();
  CHECK_THROWS(cluster(record, {}, cancel), "ERR_ABORTED");
}

TEST(cluster_of_nothing_and_of_speech_without_embeddings) {
  const Timeline timeline;
  CancelToken cancel;
  Record none(timeline);
  CHECK(cluster(none, {}, cancel).speakers == 0);
  CHECK(stitch(none, cluster(none, {}, cancel)).turns.empty());

  Record silent(timeline);
  silent.add(check::windowOf(timeline, 0, true, {}));
  silent.end(160000);
  CHECK(cluster(silent, {}, cancel).labels.empty());
  CHECK(stitch(silent, cluster(silent, {}, cancel)).turns.empty());

  Record unheard(timeline);
  auto window = check::windowOf(timeline, 0, true, {{1, 100, 110}, {2, 120, 130}});
  window.embeddings[0] = std::nanf("");  // as good as none
  unheard.add(window);
  unheard.end(160000);
  const auto clusters = cluster(unheard, {}, cancel);
  CHECK(clusters.speakers == 0 && clusters.labels == std::vector<int>({0, 0}));
  const auto speakers = stitch(unheard, clusters);
  CHECK(speakers.speakers.size() == 1 && speakers.turns.size() == 2 && speakers.speakers[0].voice.empty());
  CHECK(speakers.speakers[0].samples == 20 * 270);

  Record brief(timeline);  // one short piece: a speaker all the same
  window = check::windowOf(timeline, 0, true, {{3, 100, 130}});
  check::setEmbedding(window, 0, RandomVoices(1, 1, 1).next());
  brief.add(window);
  brief.end(160000);
  for (const int number : {0, 3}) {
    ClusterOptions options;
    options.numSpeakers = number;
    CHECK(cluster(brief, options, cancel).speakers == 1);
  }
  CHECK(stitch(brief, cluster(brief, {}, cancel)).speakers[0].voice.size() == 192);
}

TEST(cluster_keeps_what_it_says_of_an_hour) {
  const int64_t before = Ledger::instance().bytes(MemoryKind::kDiarization);
  {
    const Timeline timeline;
    Record record(timeline);
    RandomVoices random(23, 3, 0.8);
    for (int32_t w = 0; w < 1440; ++w) {  // two pieces a window, and many changes
      auto window = check::windowOf(timeline, w, w == 1439, {{1, 180, 290}, {4, 290, 300}, {2, 300, 420}});
      for (size_t i = 0; i < window.pieces.size(); ++i) check::setEmbedding(window, i, random.next());
      record.add(window);
    }
    CHECK(record.pieces() == 2880);
    CHECK(record.byteSize() == Ledger::instance().bytes(MemoryKind::kDiarization) - before);
    CHECK(record.byteSize() < 1300000);
    WindowClasses classes;
    const auto centre = record.centre(700, classes);
    CHECK(centre.begin == 222 && centre.end == 371);
    CHECK(classes[222] == 1 && classes[289] == 1 && classes[290] == 4 && classes[300] == 2 && classes[370] == 2);
  }
  CHECK(Ledger::instance().bytes(MemoryKind::kDiarization) == before);
}
