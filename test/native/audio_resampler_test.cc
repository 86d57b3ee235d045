#include <cmath>

#include "audio/resampler.h"
#include "audio_helpers.h"

using namespace audiotest;

namespace {

Samples resample(const Samples& x, int rate) {
  return readAll(*openMemory(makeWav(x, rate, 1)));
}

// Signal to error of a tone after resampling, against the exact tone at 16 kHz: any delay or ripple counts.
double toneSnr(double hertz, int rate) {
  const Samples out = resample(tone(hertz, rate, 1.0), rate);
  const Samples want = tone(hertz, 16000, 1.0);
  double signal = 0, error = 0;
  for (size_t i = 2000; i < 14000; ++i) {
    signal += static_cast<double>(want[i]) * want[i];
    error += (static_cast<double>(out[i]) - want[i]) * (static_cast<double>(out[i]) - want[i]);
  }
  return 10 * std::log10(signal / (error + 1e-20));
}

}  // namespace

TEST(audio_resampler_keeps_tones_and_their_time) {
  for (int rate : {8000, 11025, 12000, 22050, 24000, 32000, 44100, 48000, 96000, 44056, 15999, 1000, 192000, 384000}) {
    const double nyquist = std::min(rate, 16000) / 2.0;
    for (double part : {0.02, 0.1, 0.37, 0.6, 0.8, 0.89}) {
      const double snr = toneSnr(part * nyquist, rate);
      if (snr < 80) std::printf("    %d Hz, tone at %.2f of Nyquist: %.1f dB\n", rate, part, snr);
      CHECK(snr > 80);
    }
  }
}

TEST(audio_resampler_rejects_aliases) {
  for (int rate : {22050, 32000, 44100, 48000, 96000, 44056}) {
    for (double hertz : {8001.0, 8500.0, 9000.0, 10500.0}) {
      const Samples out = resample(tone(hertz, rate, 1.0), rate);
      const double level = 20 * std::log10(rms(out, 2000, 14000) / rms(tone(hertz, rate, 1.0)) + 1e-12);
      if (level > -80) std::printf("    %d Hz, tone at %.0f Hz leaks at %.1f dB\n", rate, hertz, level);
      CHECK(level < -80);
    }
  }
  // Upwards: no image above the source's own Nyquist frequency; a full-band tone comes out alone.
  const Samples up = resample(tone(3000, 8000, 1.0), 8000);
  Samples image = tone(5000, 16000, 1.0);
  double leak = 0;
  for (size_t i = 2000; i < 14000; ++i) leak += static_cast<double>(up[i]) * image[i];
  CHECK(std::fabs(leak) / 12000 < 1e-5);
}

TEST(audio_resampler_passes_16k_through_bit_by_bit) {
  const Samples x = babble(16000, 1.3);
  CHECK(resample(x, 16000) == x);
}

TEST(audio_resampler_counts_samples) {
  const hearken::Resampler down(44100), up(8000), same(16000);
  CHECK(down.outputFrames(44100) == 16000);
  CHECK(down.outputFrames(1) == 1);
  CHECK(down.outputFrames(0) == 0);
  CHECK(up.outputFrames(3) == 6);
  CHECK(same.outputFrames(7) == 7);
  CHECK(resample(babble(44100, 0.777), 44100).size() == static_cast<size_t>(down.outputFrames(34265)));
  CHECK(resample({}, 44100).empty());
  CHECK(resample({0.5f}, 48000).size() == 1);
}

TEST(audio_values_are_always_finite) {
  Samples x = tone(300, 44100, 0.5);
  for (size_t i = 1000; i < 3000; i += 3) x[i] = i % 2 ? NAN : INFINITY;
  x[5000] = 3e38f;
  x[5001] = -3e38f;
  for (int channels : {1, 2}) {
    for (float v : readAll(*openMemory(makeWav(x, 44100, channels)))) REQUIRE(std::isfinite(v));
  }
  auto pcm = hearken::openPcm(x.data(), x.size(), nullptr);
  for (float v : readAll(*pcm)) REQUIRE(std::isfinite(v));
}
