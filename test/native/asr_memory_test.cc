// What the ledger says of a model and a worker, against what the kernel says of the process.
#include <fstream>
#include <string>
#include <vector>

#include "asr/state.h"
#include "audio/sources.h"
#include "check.h"
#include "chunk/planner.h"
#include "core/memory_watch.h"
#include "core/rss.h"

using namespace hearken;

namespace {

constexpr int64_t kMiB = 1 << 20;
const char* kModel = "models/ggml-tiny.en-q8_0.bin";

std::vector<float> speech() {
  CancelToken cancel;
  auto reader = openFile("examples/jfk.wav", {}, cancel);
  std::vector<float> samples(20 * kSampleRate);
  samples.resize(reader->read(samples.data(), samples.size(), cancel));
  const size_t once = samples.size();
  samples.resize(3 * once);  // a whole window: shorter audio leaves pages of the encoder's buffers untouched
  for (size_t i = once; i < samples.size(); ++i) samples[i] = samples[i - once];
  return samples;
}

// Pages that belong to no file: heap, mappings and stacks, without code that is read in when it first runs.
int64_t anonymousBytes() {
#ifdef __linux__
  std::ifstream in("/proc/self/smaps_rollup");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("Anonymous:", 0) == 0) return std::stoll(line.substr(10)) * 1024;
  }
#endif
  throw check::Skip{"the kernel does not tell anonymous memory"};
}

DecodeResult decode(WhisperState& state, const std::vector<float>& samples, int beamSize) {
  DecodeOptions options;
  options.beamSize = beamSize;
  CancelToken cancel;
  DecodeInput input;
  input.samples = samples.data();
  input.count = samples.size();
  return state.decode(input, options, cancel, nullptr);
}

}  // namespace

TEST(asr_ledger_agrees_with_the_kernel) {
  const std::vector<float> samples = speech();
  CancelToken cancel;
  {  // what is allocated once and for all, and code that runs for the first time
    WhisperState first(WhisperModel::load(kModel, cancel));
    decode(first, samples, 5);
  }
  trimHeap();
  const auto weights = [] { return Ledger::instance().bytes(MemoryKind::kWeights); };
  const auto states = [] { return Ledger::instance().bytes(MemoryKind::kStates); };
  const int64_t start = anonymousBytes();
  auto model = WhisperModel::load(kModel, cancel);
  const int64_t loaded = anonymousBytes();
  std::printf("    model: ledger %.2f MB, kernel %.2f MB\n", weights() / 1e6, (loaded - start) / 1e6);
  CHECK_NEAR(static_cast<double>(loaded - start), static_cast<double>(weights()), 0.02 * weights());

  for (const int beamSize : {1, 5}) {
    const int64_t before = anonymousBytes();
    {
      WhisperState state(model);
      decode(state, samples, beamSize);
      const int64_t grown = anonymousBytes() - before;
      std::printf("    worker, beam size %d: ledger %.2f MB, kernel %.2f MB\n", beamSize, states() / 1e6, grown / 1e6);
      CHECK(states() == state.byteSize());
      // Buffers are made for the most tokens that a decode may have, and its last pages wait for such a decode: the
      // kernel may say less. It must not say more: that would be memory that nobody counts.
      CHECK(grown <= states() * 1.03);
      CHECK(grown >= states() * 0.9);
    }
    CHECK_NEAR(static_cast<double>(anonymousBytes()), static_cast<double>(before), 2.0 * kMiB);
  }
  model.reset();
  CHECK_NEAR(static_cast<double>(anonymousBytes()), static_cast<double>(start), 3.0 * kMiB);
}

TEST(asr_memory_is_counted_while_it_grows) {
  const std::vector<float> samples = speech();
  CancelToken cancel;
  WhisperState state(WhisperModel::load(kModel, cancel));
  const int64_t fresh = state.byteSize();
  MemoryWatch watch;
  decode(state, samples, 1);
  const int64_t one = state.byteSize();
  CHECK(one > fresh);  // the spectrum, and the buffer that graphs work in
  decode(state, samples, 5);
  CHECK(state.byteSize() > one + 10 * kMiB);
  // The larger key-value cache is there before the smaller one goes.
  const int64_t peak = watch.read().peaks[static_cast<size_t>(MemoryKind::kStates)];
  CHECK(peak >= state.byteSize());
  CHECK(peak < state.byteSize() + 16 * kMiB);
  const int64_t five = state.byteSize();
  decode(state, samples, 5);
  CHECK(state.byteSize() == five);
}
