// The engine on real weights and speech, without Node.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "asr/state.h"
#include "audio/sources.h"
#include "check.h"
#include "core/error.h"

using namespace hearken;

namespace {

const char* kModel = "models/ggml-tiny.en-q8_0.bin";  // tests run in the root of the checkout

std::vector<float> speech() {
  CancelToken cancel;
  auto reader = openFile("examples/jfk.wav", {}, cancel);
  std::vector<float> samples(20 * kSampleRate);
  samples.resize(reader->read(samples.data(), samples.size(), cancel));
  return samples;
}

std::string textOf(const DecodeResult& result) {
  std::string text;
  for (const auto& segment : result.segments) text += (text.empty() ? "" : " ") + segment.text;
  return text;
}

std::string describe(const DecodeResult& result) {
  std::string out;
  for (const auto& segment : result.segments) {
    for (const auto& word : segment.words) {
      out += word.text + "@" + std::to_string(word.begin) + "-" + std::to_string(word.end) + ":" +
             std::to_string(word.probability) + " ";
    }
  }
  return out;
}

std::filesystem::path temporary(const std::string& name) {
  return std::filesystem::temp_directory_path() / name;
}

}  // namespace

TEST(asr_decodes_known_words_with_times_inside_the_audio) {
  CancelToken cancel;
  const auto model = WhisperModel::load(kModel, cancel);
  CHECK(model->info().type == "tiny" && !model->info().multilingual && model->info().quantization == "q8_0");
  CHECK(model->byteSize() == model->info().memory.weightBytes);
  CHECK(Ledger::instance().bytes(MemoryKind::kWeights) == model->byteSize());

  const auto samples = speech();
  WhisperState state(model);
  DecodeInput input{samples.data(), samples.size(), 1000, {}};
  int batches = 0;
  const auto result = state.decode(input, {}, cancel, [&](const std::vector<Segment>&) { ++batches; });
  CHECK(textOf(result).find("ask not what your country can do for you") != std::string::npos);
  CHECK(batches == result.windows);
  int64_t last = 1000;
  for (const auto& segment : result.segments) {
    for (const auto& word : segment.words) {
      CHECK(word.begin >= last && word.end >= word.begin);
      last = word.end;
    }
  }
  CHECK(last <= 1000 + static_cast<int64_t>(samples.size()));
}

TEST(asr_result_does_not_depend_on_what_the_state_did_before) {
  CancelToken cancel;
  const auto model = WhisperModel::load(kModel, cancel);
  const auto samples = speech();
  const DecodeInput input{samples.data(), samples.size(), 0, {}};
  DecodeOptions random;  // sampled, so that a generator that was not reseeded shows
  random.temperature = 0.8f;
  random.bestOf = 3;
  WhisperState fresh(model), used(model);
  const auto expected = describe(fresh.decode(input, random, cancel, nullptr));
  used.decode({samples.data() + 3 * kSampleRate, 5 * kSampleRate, 0, {}}, random, cancel, nullptr);
  CHECK(describe(used.decode(input, random, cancel, nullptr)) == expected);
}

TEST(asr_cancel_stops_inside_a_graph_and_the_state_still_works) {
  CancelToken cancel, stop;
  const auto model = WhisperModel::load(kModel, cancel);
  const auto samples = speech();
  const DecodeInput input{samples.data(), samples.size(), 0, {}};
  WhisperState state(model);
  stop.cancel();
  CHECK_THROWS(state.decode(input, {}, stop, nullptr), codes::kAborted);
  CHECK(textOf(state.decode(input, {}, cancel, nullptr)).find("fellow Americans") != std::string::npos);
}

TEST(asr_survives_extreme_input) {
  CancelToken cancel;
  const auto model = WhisperModel::load(kModel, cancel);
  WhisperState state(model);
  CHECK(state.decode({nullptr, 0, 0, {}}, {}, cancel, nullptr).segments.empty());
  const std::vector<float> one(1, 0.5f);
  CHECK(state.decode({one.data(), 1, 0, {}}, {}, cancel, nullptr).segments.empty());
  std::vector<float> loud = speech();
  for (float& sample : loud) sample = sample * 50 + 3;
  const auto result = state.decode({loud.data(), loud.size(), 0, {}}, {}, cancel, nullptr);
  CHECK(textOf(result).find("country") != std::string::npos);
}

TEST(asr_refuses_options_that_make_no_sense) {
  CancelToken cancel;
  const auto model = WhisperModel::load(kModel, cancel);
  WhisperState state(model);
  const auto samples = speech();
  const DecodeInput input{samples.data(), samples.size(), 0, {}};
  const auto with = [](auto change) {
    DecodeOptions options;
    change(options);
    return options;
  };
  CHECK_THROWS(state.decode(input, with([](auto& o) { o.language = "de"; }), cancel, nullptr), codes::kInvalidArg);
  CHECK_THROWS(state.decode(input, with([](auto& o) { o.language = "zzz"; }), cancel, nullptr), codes::kInvalidArg);
  CHECK_THROWS(state.decode(input, with([](auto& o) { o.beamSize = 99; }), cancel, nullptr), codes::kInvalidArg);
  CHECK_THROWS(state.decode(input, with([](auto& o) { o.threads = 0; }), cancel, nullptr), codes::kInvalidArg);
  CHECK_THROWS(state.decode(input, with([](auto& o) { o.translate = true; }), cancel, nullptr), codes::kInvalidArg);
}

TEST(asr_model_files_are_checked_before_they_are_loaded) {
  CHECK_THROWS(inspectModelFile("no/such/file.bin"), codes::kModelNotFound);
  CHECK_THROWS(inspectModelFile("models"), codes::kModelNotFound);
  CHECK_THROWS(inspectModelFile("examples/jfk.wav"), codes::kModelFormat);
  CHECK_THROWS(inspectModelFile("models/ggml-silero-v6.2.3.bin"), codes::kModelFormat);

  std::ifstream in(kModel, std::ios::binary);
  std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto path = temporary("hearken-model-test.bin");
  const auto write = [&](size_t size) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(size));
  };
  for (const size_t size :
       {size_t{0}, size_t{3}, size_t{40}, size_t{5000}, size_t{600000}, bytes.size() / 2, bytes.size() - 1}) {
    write(size);
    CHECK_THROWS(inspectModelFile(path.string()), codes::kModelFormat);
  }
  for (size_t field = 0; field < 12; ++field) {  // magic and every number of the header
    for (const int32_t value : {-1, 0, 7, 0x7fffffff}) {
      auto saved = std::vector<char>(bytes.begin() + static_cast<long>(4 * field),
                                     bytes.begin() + static_cast<long>(4 * field + 4));
      std::memcpy(bytes.data() + 4 * field, &value, 4);
      write(100000);
      CHECK_THROWS(inspectModelFile(path.string()), codes::kModelFormat);
      std::memcpy(bytes.data() + 4 * field, saved.data(), 4);
    }
  }
  std::filesystem::remove(path);
}

TEST(asr_memory_is_returned) {
  CancelToken cancel;
  {
    const auto model = WhisperModel::load(kModel, cancel);
    WhisperState state(model);
    CHECK(state.byteSize() > 20'000'000);
    CHECK(state.byteSize() < 62'000'000);  // upstream's is 146 MB: deps/patches/0001
    CHECK(Ledger::instance().bytes(MemoryKind::kStates) == state.byteSize());
  }
  CHECK(Ledger::instance().bytes(MemoryKind::kWeights) == 0);
  CHECK(Ledger::instance().bytes(MemoryKind::kStates) == 0);
}
