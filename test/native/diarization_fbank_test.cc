#include <cmath>
#include <vector>

#include "audio_helpers.h"
#include "check.h"
#include "diarization/fbank.h"
#include "npy.h"

using hearken::Fbank;

namespace {

constexpr double kPi = 3.14159265358979323846;

// Kaldi's definition written out in double precision, with a plain Fourier sum.
std::vector<double> plainFrame(const float* samples) {
  double mean = 0;
  for (int i = 0; i < Fbank::kFrame; ++i) mean += samples[i] / double{Fbank::kFrame};
  std::vector<double> x(Fbank::kFrame);
  for (int i = 0; i < Fbank::kFrame; ++i) {
    const double before = samples[i > 0 ? i - 1 : 0] - mean;
    x[i] =
        (samples[i] - mean - 0.97 * before) * std::pow(0.5 - 0.5 * std::cos(2 * kPi * i / (Fbank::kFrame - 1)), 0.85);
  }
  const auto mel = [](double hz) { return 1127 * std::log(1 + hz / 700); };
  const double low = mel(20), step = (mel(8000) - low) / (Fbank::kBins + 1);
  std::vector<double> energies(Fbank::kBins);
  for (int k = 0; k < 256; ++k) {
    double re = 0, im = 0;
    for (int i = 0; i < Fbank::kFrame; ++i) {
      re += x[i] * std::cos(2 * kPi * i * k / 512);
      im -= x[i] * std::sin(2 * kPi * i * k / 512);
    }
    for (int bin = 0; bin < Fbank::kBins; ++bin) {
      const double at = (mel(k * 16000 / 512.0) - low) / step - bin;
      energies[bin] += (re * re + im * im) * std::max(0.0, std::min(at, 2 - at));
    }
  }
  for (double& energy : energies) energy = std::log(std::max(energy, 1.1920928955078125e-07));
  return energies;
}

}  // namespace

TEST(fbank_is_the_references) {
  const auto samples = audiotest::readFile(check::shared("fixtures/diarization/wav/pya_sample.flac"));
  const auto expected = npy::read(check::shared("fixtures/diarization/npy/fbank_398x80_nocmn.npy"));
  REQUIRE((expected.shape == std::vector<int64_t>{398, Fbank::kBins}));
  std::vector<float> out(expected.values.size());
  Fbank().compute(samples.data() + 160000, 398, out.data());
  double worst = 0;
  for (size_t i = 0; i < out.size(); ++i) worst = std::max<double>(worst, std::fabs(out[i] - expected.values[i]));
  std::printf("  largest difference %.2g\n", worst);
  CHECK(worst < 1e-3);
}

TEST(fbank_is_the_definition) {
  // A chirp from bottom to top under a little noise: every bin is the loudest once.
  constexpr size_t kFrames = 101;
  std::vector<float> samples((kFrames - 1) * Fbank::kShift + Fbank::kFrame);
  uint32_t state = 1;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(samples.size());
    state = state * 1664525u + 1013904223u;
    samples[i] = static_cast<float>(0.01 + 0.05 * std::sin(kPi * 0.5 * static_cast<double>(i) * t) +
                                    0.05 * (state / 4294967296.0 - 0.5));
  }
  const Fbank fbank;
  std::vector<float> all(kFrames * Fbank::kBins);
  fbank.compute(samples.data(), kFrames, all.data());
  double worst = 0;
  for (size_t f = 0; f < kFrames; ++f) {
    const auto expected = plainFrame(samples.data() + f * Fbank::kShift);
    for (int b = 0; b < Fbank::kBins; ++b) worst = std::max(worst, std::fabs(all[f * Fbank::kBins + b] - expected[b]));
    // Frames one by one, whatever came before, are the same to the bit.
    std::vector<float> one(Fbank::kBins);
    fbank.compute(samples.data() + f * Fbank::kShift, 1, one.data());
    CHECK(std::equal(one.begin(), one.end(), all.begin() + static_cast<std::ptrdiff_t>(f * Fbank::kBins)));
  }
  std::printf("  largest difference %.2g\n", worst);
  CHECK(worst < 1e-3);
}

TEST(fbank_of_silence_is_the_floor) {
  for (const float level : {0.0f, 0.25f}) {
    const std::vector<float> samples(size_t{Fbank::kFrame} + 9 * Fbank::kShift, level);
    // One float more than is asked for, to see that it stays.
    std::vector<float> out(10 * Fbank::kBins + 1, 7.0f);
    Fbank().compute(samples.data(), 10, out.data());
    for (int i = 0; i < 10 * Fbank::kBins; ++i) CHECK_NEAR(out[i], std::log(1.1920928955078125e-07), 1e-5);
    CHECK(out.back() == 7.0f);
  }
}
