// The nets, the filter bank, the choice of frames and the clustering against the reference's fixtures: each step from
// what the reference had before it, and then all of them from the audio.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "audio_helpers.h"
#include "check.h"
#include "diarization_helpers.h"
#include "json.h"
#include "reference/pipeline.h"

using namespace hearken;
using check::Json;
using reference::Classes;
using reference::Labels;
using reference::Piece;

namespace {

constexpr int kDimensions = EmbeddingWeights::kDimensions;

std::string fixture(const std::string& name) {
  return check::shared("fixtures/diarization/" + name);
}

template <typename Weights>
std::shared_ptr<const Weights> load(const std::string& name) {
  const std::string path = "models/" + name;
  if (!std::filesystem::exists(path)) throw check::Skip{path + " is absent"};
  return std::make_shared<const Weights>(GgufFile(path));
}

// What the reference had and found in one file.
struct Expected {
  explicit Expected(const Json& file) : samples(static_cast<int64_t>(file["samples"].number())) {
    for (const auto& digits : file["argmax_classes"].items()) {
      REQUIRE(digits.text().size() == reference::kFrames);
      Classes& classes = windows.emplace_back();
      for (size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<uint8_t>(digits.text()[i] - '0');
    }
    for (const auto& p : file["pieces"].items()) {
      pieces.push_back({p[0].integer(), p[1].integer(), p[2].integer(), p[3].integer(), 0});
    }
    for (size_t i = 0; i < pieces.size(); ++i) {
      pieces[i].clean = static_cast<int>(std::lround(file["clean_seconds"][i].number() * 16000 / 270));
    }
    labels.speakers = file["K"].integer();
    for (const auto& label : file["labels"].items()) labels.labels.push_back(label.integer());
    if (!file.has("piece_embeddings")) return;
    for (const auto& embedding : file["piece_embeddings"].items()) {
      for (const auto& value : embedding.items()) embeddings.push_back(static_cast<float>(value.number()));
    }
  }
  int64_t samples;
  std::vector<Classes> windows;
  std::vector<Piece> pieces;
  Labels labels;
  std::vector<float> embeddings;  // not of every file
};

bool same(const std::vector<Piece>& a, const std::vector<Piece>& b) {
  const auto equal = [](const Piece& x, const Piece& y) {
    return x.window == y.window && x.slot == y.slot && x.begin == y.begin && x.end == y.end && x.clean == y.clean;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}

void checkSegments(const std::vector<Turn>& turns, const Json& segments) {
  REQUIRE(turns.size() == segments.size());
  for (size_t i = 0; i < turns.size(); ++i) {
    CHECK_NEAR(static_cast<double>(turns[i].begin) / 16000, segments[i][0].number(), 1e-4);
    CHECK_NEAR(static_cast<double>(turns[i].end) / 16000, segments[i][1].number(), 1e-4);
    CHECK(turns[i].speaker == segments[i][2].integer());
  }
}

// Of the pieces that have an embedding; those without must be the same ones.
double smallestCosine(const std::vector<float>& got, const std::vector<float>& expected) {
  REQUIRE(got.size() == expected.size());
  double smallest = 1;
  for (size_t i = 0; i < got.size(); i += kDimensions) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t d = i; d < i + kDimensions; ++d) {
      ab += double{got[d]} * expected[d];
      aa += double{got[d]} * got[d];
      bb += double{expected[d]} * expected[d];
    }
    CHECK((aa == 0) == (bb == 0));
    if (bb > 0) smallest = std::min(smallest, ab / std::sqrt(aa * bb));
  }
  return smallest;
}

}  // namespace

TEST(reference_steps_give_what_the_reference_gives) {
  const Json all = Json::read(fixture("pipeline.json"));
  const Json ours = Json::read("test/fixtures/diarization_clusters.json");
  size_t compared = 0, clustered = 0;
  for (const auto& [name, file] : all["files"].members()) {
    const Expected expected(file);
    CHECK(same(reference::cutPieces(expected.windows), expected.pieces));
    for (size_t i = 0; i < expected.pieces.size(); ++i, ++compared) {
      int64_t sum = 0;
      const auto frames = reference::pickFrames(expected.pieces[i], expected.windows);
      for (const int64_t frame : frames) sum += frame;
      const Json& picked = ours["frames"][name][i];  // count, first, last, sum
      CHECK(static_cast<int>(frames.size()) == picked[0].integer() && sum == picked[3].integer());
      if (!frames.empty()) CHECK(frames.front() == picked[1].integer() && frames.back() == picked[2].integer());
    }
    if (!expected.embeddings.empty()) {
      const Labels labels = reference::cluster(expected.pieces, expected.embeddings);
      CHECK(labels.speakers == expected.labels.speakers && labels.labels == expected.labels.labels);
      ++clustered;
    }
    checkSegments(reference::stitch(expected.windows, expected.pieces, expected.labels, expected.samples),
                  file["segments"]);
  }
  CHECK(compared == 191 && clustered >= 1);
}

// Where clusters touch: voices move when they are taken again, short pieces lean on others, and two speak at a time.
TEST(reference_clustering_gives_what_the_reference_gives) {
  const Json all = Json::read("test/fixtures/diarization_clusters.json");
  const Piece places[] = {{0, 0, 0, 90, 0}, {0, 0, 90, 180, 0}, {0, 1, 60, 120, 0}};
  for (const auto& expected : all["labels"].items()) {
    check::Random random(static_cast<uint64_t>(expected["seed"].integer()));
    std::vector<Piece> pieces;
    std::vector<float> embeddings;
    for (size_t i = 0; i < expected["clean"].size(); ++i) {
      auto embedding = random.vector();
      std::fill(embedding.begin() + expected["dimensions"].integer(), embedding.end(), 0.0f);
      embeddings.insert(embeddings.end(), embedding.begin(), embedding.end());
      pieces.push_back(places[i % 3]);
      pieces.back().window = static_cast<int>(i / 3);
      pieces.back().clean = static_cast<int>(random.integer() % 180);
      CHECK(pieces.back().clean == expected["clean"][i].integer());
    }
    const Labels labels = reference::cluster(pieces, embeddings);
    CHECK(labels.speakers == expected["speakers"].integer());
    for (size_t i = 0; i < pieces.size(); ++i) CHECK(labels.labels[i] == expected["labels"][i].integer());
  }
}

TEST(reference_pipeline_on_our_nets_gives_what_the_reference_gives) {
  const Json all = Json::read(fixture("pipeline.json"));
  SegmentationNet segmentation(load<SegmentationWeights>("pyannote-segmentation-3.0.gguf"), 1, reference::kHop);
  EmbeddingNet embedding(load<EmbeddingWeights>("campplus-zh-en.gguf"));
  size_t files = 0, frames = 0, agreed = 0;
  double cosine = 1;
  for (const auto& [name, file] : all["files"].members()) {
    const Expected expected(file);
    const auto samples = audiotest::readFile(fixture("wav/" + file["wav"].text()));
    REQUIRE(static_cast<int64_t>(samples.size()) == expected.samples);
    const auto windows = reference::segment(segmentation, samples);
    REQUIRE(windows.size() == expected.windows.size());
    for (size_t w = 0; w < windows.size(); ++w) {
      CHECK(file["window_starts"][w].integer() == static_cast<int64_t>(w) * reference::kHop);
      for (size_t i = 0; i < windows[w].size(); ++i, ++frames) agreed += windows[w][i] == expected.windows[w][i];
    }
    const auto pieces = reference::cutPieces(windows);
    CHECK(same(pieces, expected.pieces));
    const auto embeddings = reference::embed(embedding, samples, windows, pieces);
    if (!expected.embeddings.empty()) cosine = std::min(cosine, smallestCosine(embeddings, expected.embeddings));
    const Labels labels = reference::cluster(pieces, embeddings);
    CHECK(labels.speakers == expected.labels.speakers && labels.labels == expected.labels.labels);
    checkSegments(reference::stitch(windows, pieces, labels, expected.samples), file["segments"]);
    ++files;
  }
  std::printf("  %zu files, %zu of %zu frames agree, smallest cosine %.6f\n", files, agreed, frames, cosine);
  CHECK(files == 5);
  CHECK(static_cast<double>(agreed) >= 0.999 * static_cast<double>(frames));
  CHECK(cosine > 0.9999);
}
