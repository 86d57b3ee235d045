// Silero VAD: our forward pass against whisper.cpp's, hostile weights files, extreme levels.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "audio/sources.h"
#include "check.h"
#include "chunk/input_conditioner.h"
#include "chunk/planner.h"
#include "chunk/silero_detector.h"
#include "chunk/silero_net.h"
#include "core/error.h"
#include "ggml-cpu.h"
#include "whisper.h"

using namespace hearken;

namespace {

std::string weightsFile() {
  const std::string path = "models/ggml-silero-v6.2.3.bin";
  if (!std::filesystem::exists(path)) throw check::Skip{path + " is absent"};
  return path;
}

std::vector<char> readBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Something like a voice: harmonics of a gliding pitch under moving formants, in syllables, over a little noise.
std::vector<float> voice(double seconds) {
  std::vector<float> out(static_cast<size_t>(seconds * kSampleRate) / kSpeechFrame * kSpeechFrame);
  unsigned seed = 1;
  double phase = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    const double t = static_cast<double>(i) / kSampleRate, pitch = 120 + 30 * std::sin(2.1 * t);
    phase += 2 * 3.14159265358979 * pitch / kSampleRate;
    double sum = 0;
    for (int h = 1; h < 25; ++h) {
      const double f = h * pitch, first = 500 + 250 * std::sin(7 * t), second = 1500 + 600 * std::sin(5 * t + 1);
      sum += std::sin(h * phase) *
             (std::exp(-std::pow((f - first) / 150, 2)) + 0.5 * std::exp(-std::pow((f - second) / 200, 2)));
    }
    seed = seed * 1664525u + 1013904223u;
    const double syllable = std::max(0.0, std::sin(9 * t)) * (std::fmod(t, 4) < 3);
    out[i] = static_cast<float>(0.1 * sum * syllable + 0.001 * (static_cast<int>(seed) / 2147483648.0));
  }
  return out;
}

std::vector<float> detectAll(const std::vector<float>& samples, size_t step = 1000000) {
  auto detector = loadSileroDetector(weightsFile());
  detector->reset();
  std::vector<float> out;
  CancelToken cancel;
  const size_t frames = samples.size() / kSpeechFrame;
  for (size_t f = 0; f < frames; f += step) {
    detector->detect(samples.data() + f * kSpeechFrame, std::min(step, frames - f), out, cancel);
  }
  return out;
}

double speechSeconds(const std::string& file) {
  CancelToken cancel;
  ChunkPlanner planner(openFile(file, {}, cancel), loadSileroDetector(weightsFile()), PlanOptions{});
  int64_t sum = 0;
  while (auto chunk = planner.next(cancel)) {
    for (const Span& s : chunk->speech) sum += s.length();
  }
  return static_cast<double>(sum) / kSampleRate;
}

void writeBytes(const std::string& path, const std::vector<char>& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

struct TemporaryFile {
  std::string path =
      (std::filesystem::temp_directory_path() / ("hearken-silero-" + std::to_string(std::rand()) + ".bin")).string();
  ~TemporaryFile() { std::remove(path.c_str()); }
};

}  // namespace

TEST(chunk_silero_equals_whisper_cpp) {
  const auto samples = voice(20);
  const size_t frames = samples.size() / kSpeechFrame;
  std::vector<float> inputs(frames * SileroNet::kInput), ours(frames);
  for (size_t f = 0; f < frames; ++f) {  // whisper.cpp mirrors the frame on both sides
    const float* frame = samples.data() + f * kSpeechFrame;
    float* input = inputs.data() + f * SileroNet::kInput;
    for (int i = 0; i < 64; ++i) input[i] = frame[64 - i];
    for (int i = 0; i < 64; ++i) input[576 + i] = frame[510 - i];
    std::copy(frame, frame + kSpeechFrame, input + 64);
  }
  SileroNet net(loadSileroWeights(weightsFile()));
  net.run(inputs.data(), frames, ours.data());

  whisper_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  auto params = whisper_vad_default_context_params();
  params.n_threads = 1;
  whisper_vad_context* context = whisper_vad_init_from_file_with_params(weightsFile().c_str(), params);
  REQUIRE(context != nullptr);
  whisper_vad_detect_speech(context, samples.data(), static_cast<int>(samples.size()));
  const float* theirs = whisper_vad_probs(context);
  double worst = 0;
  float most = 0;
  for (size_t f = 0; f < frames; ++f) {
    worst = std::max(worst, std::fabs(static_cast<double>(theirs[f]) - ours[f]));
    most = std::max(most, ours[f]);
  }
  std::printf("    furthest from whisper.cpp: %.4f\n", worst);
  CHECK(most > 0.5f);  // there was something to compare
  // Theirs rounds every layer's input to half precision, and on arm64 with such arithmetic sums in it as well.
  CHECK(worst < (ggml_cpu_has_fp16_va() ? 1e-2 : 5e-3));
  whisper_vad_free(context);
  whisper_log_set(nullptr, nullptr);
}

TEST(chunk_silero_does_not_depend_on_block_sizes) {
  const auto samples = voice(5);
  const auto whole = detectAll(samples);
  for (size_t step : {size_t{1}, size_t{3}, size_t{32}}) CHECK(detectAll(samples, step) == whole);
}

TEST(chunk_silero_reset_starts_anew) {
  const auto samples = voice(3);
  auto detector = loadSileroDetector(weightsFile());
  CancelToken cancel;
  std::vector<float> first, second;
  for (auto* out : {&first, &second}) {
    detector->reset();
    detector->detect(samples.data(), samples.size() / kSpeechFrame, *out, cancel);
  }
  CHECK(first == second);
}

TEST(chunk_silero_ignores_level_and_offset) {
  CancelToken cancel;
  std::vector<float> samples(11 * kSampleRate / kSpeechFrame * kSpeechFrame);
  openFile("examples/jfk.wav", {}, cancel)->read(samples.data(), samples.size(), cancel);
  const auto share = [&](float gain, float offset) {
    auto changed = samples;
    for (float& x : changed) x = x * gain + offset;
    double sum = 0;
    const auto probabilities = detectAll(changed);
    for (const float p : probabilities) sum += p > 0.5f;
    return sum / static_cast<double>(probabilities.size());
  };
  const double plain = share(1, 0);
  CHECK(plain > 0.6);
  CHECK_NEAR(share(0.003f, 0), plain, 0.05);
  CHECK_NEAR(share(50, 0), plain, 0.05);
  CHECK_NEAR(share(1, 0.7f), plain, 0.05);
}

TEST(chunk_silero_hears_no_speech_in_silence_tones_and_noise) {
  std::vector<float> samples(20 * kSampleRate / 512 * 512);
  const auto top = [&] {
    float most = 0;
    for (const float p : detectAll(samples)) most = std::max(most, p);
    return most;
  };
  CHECK(top() < 0.3f);
  for (size_t i = 0; i < samples.size(); ++i)
    samples[i] = 0.3f * static_cast<float>(std::sin(0.1727876 * static_cast<double>(i)));
  CHECK(top() < 0.3f);
  unsigned seed = 5;
  for (float level : {0.5f, 0.01f, 1e-4f}) {
    for (float& x : samples)
      x = level * static_cast<float>(static_cast<int>(seed = seed * 1664525u + 1013904223u)) / 2147483648.0f;
    CHECK(top() < 0.3f);
  }
}

TEST(chunk_silero_survives_any_number) {
  std::vector<float> samples(64 * kSpeechFrame, 3e38f);
  for (size_t i = 0; i < samples.size(); i += 3) samples[i] = -3e38f;
  auto probabilities = detectAll(samples);
  for (const float p : probabilities) CHECK(p >= 0 && p <= 1);
  samples.assign(samples.size(), 1e-42f);
  for (const float p : detectAll(samples)) CHECK(p >= 0 && p <= 1);
}

TEST(chunk_silero_refuses_wrong_files) {
  CHECK_THROWS(loadSileroDetector("there/is/no/such/file.bin"), codes::kModelNotFound);
  CHECK_THROWS(loadSileroDetector("models"), codes::kModelFormat);
  const auto good = readBytes(weightsFile());
  TemporaryFile file;
  const auto refused = [&](const std::vector<char>& bytes) {
    writeBytes(file.path, bytes);
    CHECK_THROWS(loadSileroDetector(file.path), codes::kModelFormat);
  };
  refused({});
  refused(std::vector<char>(5000, 'x'));
  for (size_t n = 1; n < good.size(); n = n < 300 ? n + 1 : n + 40009)
    refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)});
  auto longer = good;
  longer.push_back(0);
  refused(longer);
  refused([&] {  // every tensor twice
    auto twice = good;
    twice.insert(twice.end(), good.begin() + 98, good.end());
    return twice;
  }());
  auto notANumber = good;
  std::memset(notANumber.data() + 300000, 0xff, 8);  // in the LSTM's weights
  refused(notANumber);
  CHECK(loadSileroDetector(weightsFile()) != nullptr);
}

// Any byte of the heads may be anything: refused, or (a byte that says nothing, as the minor version) taken; never a
// crash.
TEST(chunk_silero_survives_damaged_files) {
  const auto good = readBytes(weightsFile());
  TemporaryFile file;
  unsigned seed = 3;
  const auto random = [&](size_t n) { return static_cast<size_t>((seed = seed * 1664525u + 1013904223u) >> 8) % n; };
  const size_t heads[] = {0, 90, 99180, 99800, 149000, 174260, 223980, 486200, 752600, 752900};
  int refused = 0;
  for (int round = 0; round < 150; ++round) {
    auto bytes = good;
    for (size_t k = 0; k <= random(3); ++k)
      bytes[std::min(heads[random(10)] + random(130), bytes.size() - 1)] = static_cast<char>(random(256));
    writeBytes(file.path, bytes);
    try {
      loadSileroDetector(file.path);
    } catch (const Error& error) {
      CHECK(error.code() == codes::kModelFormat);
      ++refused;
    }
  }
  CHECK(refused > 50);
}

TEST(chunk_conditioner_leaves_ordinary_levels_alone) {
  std::vector<float> frame(kSpeechFrame), out(kSpeechFrame);
  InputConditioner conditioner;
  for (int f = 0; f < 50; ++f) {
    for (size_t i = 0; i < frame.size(); ++i)
      frame[i] = 0.25f * static_cast<float>(std::sin(0.4 * static_cast<double>(f * 512 + static_cast<int>(i))));
    conditioner.process(frame.data(), frame.size(), out.data());
  }
  for (size_t i = 0; i < frame.size(); ++i) CHECK_NEAR(out[i], frame[i], 0.02);
}

TEST(chunk_silero_on_extreme_recordings) {
  for (const char* name : {"quiet.wav", "loud_float.wav", "dc_offset.wav", "eight_bit.wav"}) {
    const double found = speechSeconds(check::shared(std::string("audio/bad/") + name));
    CHECK(found > 8 && found <= 11.01);
  }
  for (const char* name : {"silence_60s.wav", "tone_10s.wav", "one_sample.wav"}) {
    CHECK(speechSeconds(check::shared(std::string("audio/bad/") + name)) == 0);
  }
}
