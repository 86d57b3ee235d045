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

// A record of pieces of 2.5 s of the voices of `random`, each of a track of its own; `truth`: who.
TrackRecord monologues(RandomVoices& random, int pieces, std::vector<int>& truth) {
  TrackRecord record;
  for (int32_t i = 0; i < pieces; ++i) {
    record.add(check::heard(150 * i, 150 * i + 148, i), random.next().data());
    truth.push_back(random.speaker);
  }
  record.end(frameBegin(150 * pieces));
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
  const TrackRecord record = monologues(random, 200, truth);
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

TEST(cluster_in_blocks_says_what_the_exact_way_says) {
  RandomVoices random(17, 6, 0.8);
  std::vector<int> truth;
  const TrackRecord record = monologues(random, 3000, truth);
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
  const TrackRecord record = monologues(random, 10, truth);
  CancelToken cancel;
  cancel.cancel();
  CHECK_THROWS(cluster(record, {}, cancel), "ERR_ABORTED");
}

TEST(cluster_of_nothing_and_of_speech_without_embeddings) {
  CancelToken cancel;
  TrackRecord none;
  none.end(160000);
  CHECK(cluster(none, {}, cancel).speakers == 0 && cluster(none, {}, cancel).labels.empty());
  CHECK(stitch(none, cluster(none, {}, cancel)).turns.empty());

  TrackRecord unheard;
  std::vector<float> voice(kDimensions);
  unheard.add(check::heard(100, 110, 0), voice.data());
  voice[0] = std::nanf("");  // as good as none
  unheard.add(check::heard(150, 160, 1), voice.data());
  unheard.end(160000);
  const auto clusters = cluster(unheard, {}, cancel);
  CHECK(clusters.speakers == 0 && clusters.labels == std::vector<int>({0, 0}));
  const auto speakers = stitch(unheard, clusters);
  CHECK(speakers.speakers.size() == 1 && speakers.turns.size() == 2 && speakers.speakers[0].voice.empty());
  CHECK(speakers.speakers[0].samples == 20 * 270);

  TrackRecord brief;  // one short piece: a speaker all the same
  brief.add(check::heard(100, 130, 0, 0), RandomVoices(1, 1, 1).next().data());
  brief.end(160000);
  for (const int number : {0, 3}) {
    ClusterOptions options;
    options.numSpeakers = number;
    CHECK(cluster(brief, options, cancel).speakers == 1);
  }
  CHECK(stitch(brief, cluster(brief, {}, cancel)).speakers[0].voice.size() == 192);
}

TEST(cluster_keeps_little_of_an_hour) {
  const int64_t before = Ledger::instance().bytes(MemoryKind::kDiarization);
  {
    TrackRecord record;
    RandomVoices random(23, 3, 0.8);
    for (int32_t i = 0; i < 1440; ++i) {  // of 2.5 s, with a short pause in each
      auto heard = check::heard(148 * i, 148 * i + 148, i);
      std::fill(heard.frames.begin() + 100, heard.frames.begin() + 104, uint8_t{0});
      record.add(heard, random.next().data());
    }
    CHECK(record.pieces() == 1440);
    CHECK(record.byteSize() == Ledger::instance().bytes(MemoryKind::kDiarization) - before);
    CHECK(record.byteSize() < 750000);
    std::vector<TrackRecord::Run> runs;
    record.runs(700, runs);
    REQUIRE(runs.size() == 2);
    CHECK(runs[0].begin == 700 * 148 && runs[0].end == 700 * 148 + 100);
    CHECK(runs[1].begin == 700 * 148 + 104 && runs[1].end == 701 * 148);
  }
  CHECK(Ledger::instance().bytes(MemoryKind::kDiarization) == before);
}
