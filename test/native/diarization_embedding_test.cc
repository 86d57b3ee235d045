#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "audio_helpers.h"
#include "check.h"
#include "core/error.h"
#include "diarization/embedding.h"
#include "diarization/embedding_layers.h"
#include "diarization/fbank.h"
#include "json.h"
#include "npy.h"

using namespace hearken;

namespace {

constexpr size_t kBins = Fbank::kBins;
constexpr int kDimensions = EmbeddingWeights::kDimensions;

std::string model(const char* name) {
  const std::string path = std::string("models/") + name;
  if (!std::filesystem::exists(path)) throw check::Skip{path + " is absent"};
  return path;
}

std::shared_ptr<const EmbeddingWeights> weights() {
  static const auto loaded = std::make_shared<const EmbeddingWeights>(GgufFile(model("campplus-zh-en.gguf")));
  return loaded;
}

std::string fixture(const std::string& name) {
  return check::shared("fixtures/diarization/" + name);
}

template <class Other>
double cosine(const float* a, const Other& b) {
  double ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < kDimensions; ++i) {
    const double y = b[i].number();
    ab += a[i] * y;
    aa += double{a[i]} * a[i];
    bb += y * y;
  }
  return ab / std::sqrt(aa * bb);
}

// Something like a filter bank's values, the same at every run.
std::vector<float> madeUp(int frames, uint32_t state) {
  std::vector<float> values(static_cast<size_t>(frames) * kBins);
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 2e6f - 9.0f;
  }
  return values;
}

std::vector<float> embed(EmbeddingNet& net, const std::vector<float>& fbank) {
  std::vector<float> out(kDimensions);
  CancelToken cancel;
  net.run(fbank.data(), static_cast<int>(fbank.size() / kBins), out.data(), cancel);
  return out;
}

double largest(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max<double>(worst, std::fabs(a[i] - b[i]));
  return worst;
}

}  // namespace

TEST(embedding_is_the_references) {
  const auto fixtures = check::Json::read(fixture("embedding.json"));
  EmbeddingNet net(weights(), 600);
  CancelToken cancel;
  const Fbank fbank;
  double worst = 1;
  const auto compare = [&](const check::Json& crop) {
    const auto samples = audiotest::readFile(fixture("wav/" + crop["wav"].text()));
    const int frames = crop["frames"].integer();
    std::vector<float> bank(static_cast<size_t>(frames) * kBins), out(kDimensions);
    fbank.compute(samples.data() + crop["start_sample"].integer(), static_cast<size_t>(frames), bank.data());
    net.run(bank.data(), frames, out.data(), cancel);
    worst = std::min(worst, cosine(out.data(), crop["embedding"]));
  };
  compare(fixtures);
  for (const auto& crop : fixtures["more"].items()) compare(crop);
  std::printf("  smallest cosine %.6f\n", worst);
  CHECK(worst > 0.9999);
}

TEST(embedding_trunk_is_the_references) {
  // The steps one after the other without the graph, up to what is pooled.
  const auto bank = npy::read(fixture("npy/fbank_398x80_nocmn.npy"));
  const auto expected = npy::read(fixture("npy/cam_trunk_512xT2.npy"));
  const auto& net = weights()->impl();
  EmbeddingShape shape(EmbeddingShape::tilesOf(398));
  shape.add(398);
  REQUIRE((expected.shape == std::vector<int64_t>{512, shape.parts[0].halfFrames()}));
  const size_t frequency = 32 * static_cast<size_t>(shape.layout.row());
  std::vector<float> scratch(embeddingScratchFloats(EmbeddingShape::tilesOf(398)));
  std::vector<float> bins(kBins * static_cast<size_t>(shape.layout.row()));
  arrangeBins(shape, shape.parts[0], bank.values.data(), bins.data());
  std::vector<float> a(40 * frequency), b(a), c(20 * frequency), d(c), last(10 * frequency);
  runStem(net, shape, bins.data(), a.data(), b.data(), scratch.data());
  const auto rest = [&](const HeadStage& stage, int frequencies, float* handed, float* around) {
    runKeeping(stage.narrow2, shape, handed, frequencies, around, true, scratch.data());
    runKeeping(stage.keep, shape, around, frequencies, handed, false, scratch.data());
    runKeeping(stage.keep2, shape, handed, frequencies, around, true, scratch.data());
  };
  rest(net.head[0], 40, a.data(), b.data());
  runNarrowing(net.head[1], shape, b.data(), 20, c.data(), d.data(), scratch.data());
  rest(net.head[1], 20, c.data(), d.data());
  runLast(net, shape, d.data(), last.data(), scratch.data());
  std::vector<float> rows(1024 * static_cast<size_t>(shape.pitch)), next(rows);
  runTdnn(net, shape, last.data(), rows.data(), scratch.data());
  for (size_t i = 0; i < net.blocks.size(); ++i) {
    const auto& block = net.blocks[i];
    for (const auto& layer : block.layers) {
      runDenseLayer(layer, block.dilation, layer.bottleneck.depth(), shape, rows.data(), scratch.data());
    }
    runTransit(block, i == 2 ? Finish::kRelu : Finish::kNone, shape, rows.data(), next.data(), scratch.data());
    rows.swap(next);
  }
  double worst = 0;
  const auto columns = static_cast<size_t>(expected.shape[1]);
  for (size_t r = 0; r < 512; ++r) {
    for (size_t i = 0; i < columns; ++i) {
      const double difference = rows[r * static_cast<size_t>(shape.pitch) + i] - expected.values[r * columns + i];
      worst = std::max(worst, std::fabs(difference));
    }
  }
  double top = 0;
  for (const float value : expected.values) top = std::max<double>(top, value);
  std::printf("  largest difference %.3g, largest value %.3g\n", worst, top);
  CHECK(worst < 0.01 * top);
}

TEST(embedding_does_not_depend_on_what_was_computed_before_or_beside) {
  EmbeddingNet net(weights());
  const std::vector<int> lengths{20,  21,  22,  23,  24,  31,  32,  33,  63,  64,  65,  99,  100, 101,
                                 150, 199, 200, 201, 202, 255, 299, 300, 301, 333, 397, 398, 399, 400};
  std::vector<std::vector<float>> banks, alone;
  for (const int length : lengths) {
    banks.push_back(madeUp(length, static_cast<uint32_t>(length)));
    EmbeddingNet fresh(weights(), length);
    alone.push_back(embed(fresh, banks.back()));
    double norm = 0;
    for (const float value : alone.back()) norm += double{value} * value;
    CHECK(std::isfinite(norm) && norm > 1);
  }
  for (size_t i = lengths.size(); i-- > 0;) CHECK(embed(net, banks[i]) == alone[i]);
  for (size_t i = 0; i < lengths.size(); ++i) CHECK(embed(net, banks[i]) == alone[i]);
  std::vector<std::vector<float>> out(lengths.size(), std::vector<float>(kDimensions));
  std::vector<EmbeddingNet::Piece> pieces;
  for (size_t i = 0; i < lengths.size(); ++i) pieces.push_back({banks[i].data(), lengths[i], out[i].data()});
  CancelToken cancel;
  net.run(pieces.data(), pieces.size(), cancel);
  CHECK(out == alone);
  // A constant added to a bin is part of the mean that is taken off.
  auto raised = banks[14];
  for (size_t i = 5; i < raised.size(); i += kBins) raised[i] += 2.0f;
  CHECK(largest(embed(net, raised), alone[14]) < 1e-3);
}

TEST(embedding_nets_share_weights_between_threads) {
  const auto bank = madeUp(123, 4);
  EmbeddingNet first(weights()), second(weights());
  const auto expected = embed(first, bank);
  std::vector<float> here, there;
  std::thread thread([&] { there = embed(second, bank); });
  here = embed(first, bank);
  thread.join();
  CHECK(here == expected && there == expected);
}

TEST(embedding_refuses_lengths_that_it_cannot_take) {
  EmbeddingNet net(weights(), 100);
  const auto bank = madeUp(101, 1);
  std::vector<float> out(kDimensions, 5.0f);
  CancelToken cancel;
  for (const int frames : {-1, 0, 19, 101}) {
    CHECK_THROWS(net.run(bank.data(), frames, out.data(), cancel), codes::kInvalidArg);
  }
  CHECK(out == std::vector<float>(kDimensions, 5.0f));
  net.run(nullptr, 0, cancel);
  CHECK_THROWS(EmbeddingNet(weights(), 19), codes::kInvalidArg);
  CHECK_THROWS(EmbeddingNet(weights(), 1001), codes::kInvalidArg);
}

TEST(embedding_stops_when_cancelled) {
  EmbeddingNet net(weights());
  const auto bank = madeUp(400, 9);
  std::vector<float> out(kDimensions);
  CancelToken cancel;
  std::vector<EmbeddingNet::Piece> pieces(2000, {bank.data(), 400, out.data()});  // a minute's work
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    cancel.cancel();
  });
  const auto start = std::chrono::steady_clock::now();
  CHECK_THROWS(net.run(pieces.data(), pieces.size(), cancel), codes::kAborted);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  canceller.join();
  // The net is as good as new.
  EmbeddingNet fresh(weights());
  CHECK(embed(net, bank) == embed(fresh, bank));
}

TEST(embedding_counts_its_memory) {
  weights();
  Ledger& ledger = Ledger::instance();
  const int64_t before = ledger.bytes(MemoryKind::kDiarization);
  {
    const EmbeddingNet net(weights());
    CHECK(net.bytes() > 0 && net.bytes() <= 10'000'000);
    CHECK(ledger.bytes(MemoryKind::kDiarization) - before == net.bytes());
    const EmbeddingWeights again(GgufFile(model("campplus-zh-en.gguf")));
    CHECK(again.bytes() > 27'000'000 && again.bytes() < 30'000'000);
    CHECK(ledger.bytes(MemoryKind::kDiarization) - before == net.bytes() + again.bytes());
  }
  CHECK(ledger.bytes(MemoryKind::kDiarization) == before);
}

TEST(embedding_refuses_another_nets_file) {
  CHECK_THROWS(EmbeddingWeights(GgufFile(model("pyannote-segmentation-3.0.gguf"))), codes::kModelFormat);
}
