#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>
#include <vector>

#include "audio_helpers.h"
#include "check.h"
#include "core/error.h"
#include "diarization/graph.h"
#include "diarization/kernels.h"
#include "diarization/segmentation.h"
#include "json.h"
#include "npy.h"

using namespace hearken;

namespace {

constexpr int kFrames = SegmentationShape::kFrames, kClasses = SegmentationShape::kClasses;
constexpr int kWindow = SegmentationShape::kWindow, kHop = 40000;
constexpr size_t kValues = static_cast<size_t>(kFrames) * kClasses;

std::shared_ptr<const SegmentationWeights> weights() {
  static const auto loaded =
      std::make_shared<const SegmentationWeights>(GgufFile("models/pyannote-segmentation-3.0.gguf"));
  return loaded;
}

std::vector<float> run(SegmentationNet& net, const float* samples, int count) {
  CancelToken cancel;
  std::vector<float> out(kValues * count);
  net.run(samples, count, out.data(), cancel);
  return out;
}

int argmax(const float* classes) {
  return static_cast<int>(std::max_element(classes, classes + kClasses) - classes);
}

// A made signal: chirps and noise, so that every part of the net has something to do.
std::vector<float> signal(size_t n) {
  std::vector<float> x(n);
  uint32_t state = 12345;
  for (size_t i = 0; i < n; ++i) {
    state = state * 1664525u + 1013904223u;
    const double t = static_cast<double>(i) / 16000;
    x[i] = static_cast<float>(0.2 * std::sin(600 * t + 300 * std::sin(3 * t)) * (std::sin(2 * t) > 0) +
                              0.02 * (state / 2147483648.0 - 1));
  }
  return x;
}

}  // namespace

TEST(segmentation_matches_the_reference) {
  const auto input = npy::read(check::shared("fixtures/diarization/npy/seg_in.npy"));
  const auto expected = npy::read(check::shared("fixtures/diarization/npy/seg_logprobs_589x7.npy"));
  REQUIRE(input.values.size() == kWindow);
  REQUIRE(expected.values.size() == kValues);
  for (const KernelTable* version : kernelVersions()) {
    useKernels(*version);
    SegmentationNet net(weights(), 1, kHop);
    const auto out = run(net, input.values.data(), 1);
    double worst = 0;
    int agree = 0;
    for (int t = 0; t < kFrames; ++t) {
      const float *a = &out[t * kClasses], *b = &expected.values[t * kClasses];
      agree += argmax(a) == argmax(b);
      for (int c = 0; c < kClasses; ++c) worst = std::fmax(worst, std::fabs(double{a[c]} - b[c]));
    }
    std::printf("    %s: log-probabilities differ by at most %.1e, argmax agrees in %d of %d frames\n", version->name,
                worst, agree, kFrames);
    CHECK(worst < 2e-4);
    CHECK(agree == kFrames);
  }
  useKernels(*kernelVersions().front());
}

// Every window of the reference's five files, in batches that overlap as in the pipeline.
TEST(segmentation_classes_match_the_pipeline) {
  const auto pipeline = check::Json::read(check::shared("fixtures/diarization/pipeline.json"));
  SegmentationNet net(weights(), 8, kHop);
  int frames = 0, unlike = 0;
  for (const auto& [name, file] : pipeline["files"].members()) {
    auto samples = audiotest::readFile(check::shared("fixtures/diarization/wav/" + file["wav"].text()));
    const auto& classes = file["argmax_classes"];
    const int windows = static_cast<int>(classes.size());
    samples.resize(static_cast<size_t>(windows - 1) * kHop + kWindow, 0.0f);
    for (int first = 0; first < windows; first += 8) {
      const int count = std::min(8, windows - first);
      const auto out = run(net, samples.data() + static_cast<size_t>(first) * kHop, count);
      for (int w = 0; w < count; ++w) {
        const std::string& expected = classes[first + w].text();
        REQUIRE(expected.size() == kFrames);
        for (int t = 0; t < kFrames; ++t) unlike += argmax(&out[w * kValues + t * kClasses]) != expected[t] - '0';
        frames += kFrames;
      }
    }
  }
  std::printf("    argmax differs in %d of %d frames\n", unlike, frames);
  CHECK(frames > 50000);
  CHECK(unlike <= frames / 1000);
}

// The same bits alone, in a batch, at another place of it, and with another hop.
TEST(segmentation_does_not_depend_on_the_batch) {
  constexpr int kCount = 5;
  const auto samples = signal(7 * kHop + kWindow);
  SegmentationNet one(weights(), 1, kHop), many(weights(), 8, kHop), odd(weights(), 3, 8010);
  const auto batch = run(many, samples.data(), kCount);
  for (int w = 0; w < kCount; ++w) {
    const auto alone = run(one, samples.data() + w * kHop, 1);
    CHECK(std::memcmp(alone.data(), batch.data() + w * kValues, kValues * sizeof(float)) == 0);
  }
  const auto later = run(many, samples.data() + kHop, 7);
  CHECK(std::memcmp(later.data(), batch.data() + kValues, (kCount - 1) * kValues * sizeof(float)) == 0);
  const auto again = run(many, samples.data(), kCount);
  CHECK(std::memcmp(again.data(), batch.data(), batch.size() * sizeof(float)) == 0);

  const auto near = run(odd, samples.data() + 10, 3);
  for (int w = 0; w < 3; ++w) {
    const auto alone = run(one, samples.data() + 10 + w * 8010, 1);
    CHECK(std::memcmp(alone.data(), near.data() + w * kValues, kValues * sizeof(float)) == 0);
  }
  for (size_t i = 0; i < batch.size(); i += kClasses) {
    double sum = 0;
    for (int c = 0; c < kClasses; ++c) sum += std::exp(batch[i + c]);
    if (std::fabs(sum - 1) > 1e-5) {
      check::fail(__FILE__, __LINE__, "probabilities sum to " + std::to_string(sum));
      break;
    }
  }
}

// Silence, a constant, full scale: numbers all the same.
TEST(segmentation_of_flat_and_loud_audio) {
  SegmentationNet net(weights(), 1, kHop);
  for (const float level : {0.0f, 1.0f, -1e-20f}) {
    const auto out = run(net, std::vector<float>(kWindow, level).data(), 1);
    CHECK(std::all_of(out.begin(), out.end(), [](float v) { return std::isfinite(v) && v <= 0; }));
  }
  std::vector<float> square(kWindow);
  for (int i = 0; i < kWindow; ++i) square[i] = i / 50 % 2 ? 1.0f : -1.0f;
  const auto out = run(net, square.data(), 1);
  CHECK(std::all_of(out.begin(), out.end(), [](float v) { return std::isfinite(v) && v <= 0; }));
}

TEST(segmentation_stops_when_cancelled) {
  const auto samples = signal(7 * kHop + kWindow);
  SegmentationNet net(weights(), 8, kHop);
  std::vector<float> out(8 * kValues);
  CancelToken before;
  before.cancel();
  CHECK_THROWS(net.run(samples.data(), 8, out.data(), before), codes::kAborted);
  CancelToken during;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    during.cancel();
  });
  CHECK_THROWS(net.run(samples.data(), 8, out.data(), during), codes::kAborted);
  canceller.join();
  const auto fine = run(net, samples.data(), 8);  // and the net is as good as new
  SegmentationNet other(weights(), 8, kHop);
  CHECK(fine == run(other, samples.data(), 8));
}

TEST(segmentation_counts_its_memory_and_refuses_nonsense) {
  auto& ledger = Ledger::instance();
  weights();
  const int64_t before = ledger.bytes(MemoryKind::kDiarization);
  CHECK(weights()->bytes() > 5'800'000 && weights()->bytes() < 6'500'000);
  CHECK(before >= weights()->bytes());
  {
    SegmentationNet net(weights(), 8, kHop);
    CHECK(ledger.bytes(MemoryKind::kDiarization) == before + net.bytes());
    CHECK(net.bytes() < 25'000'000);
    CancelToken cancel;
    float none = 0;
    CHECK_THROWS(net.run(&none, 9, &none, cancel), codes::kInvalidArg);
    CHECK_THROWS(net.run(&none, 0, &none, cancel), codes::kInvalidArg);
  }
  CHECK(ledger.bytes(MemoryKind::kDiarization) == before);
  CHECK_THROWS(SegmentationNet(weights(), 0, kHop), codes::kInvalidArg);
  CHECK_THROWS(SegmentationNet(weights(), 8, 12345), codes::kInvalidArg);
  CHECK_THROWS(SegmentationWeights(GgufFile("models/campplus-zh-en.gguf")), codes::kModelFormat);
  CHECK(ledger.bytes(MemoryKind::kDiarization) == before);
}
