#include "audio/resampler.h"
#include "audio_helpers.h"

using namespace audiotest;

namespace {

Samples interleave(const std::vector<Samples>& channels) {
  Samples out;
  for (size_t i = 0; i < channels[0].size(); ++i) {
    for (const auto& c : channels) out.push_back(c[i]);
  }
  return out;
}

Samples scaled(Samples x, float by) {
  for (float& v : x) v *= by;
  return x;
}

Samples mixed(const std::vector<Samples>& channels, int channel = -1) {
  hearken::ReaderOptions options;
  options.channel = channel;
  const Bytes wav = makeWav(interleave(channels), 16000, static_cast<int>(channels.size()));
  return readAll(*openMemory(wav, options));
}

}  // namespace

TEST(audio_downmix_is_the_mean) {
  const Samples a = babble(16000, 2, 3), b = babble(16000, 2, 4);
  const Samples out = mixed({a, b});
  REQUIRE(out.size() == a.size());
  for (size_t i = 0; i < a.size(); ++i) REQUIRE(out[i] == (a[i] + b[i]) * 0.5f);
}

TEST(audio_downmix_survives_opposite_phase) {
  const Samples a = babble(16000, 3);
  CHECK(largestDifference(a, 0, mixed({a, scaled(a, -1)})) < 1e-6);
  CHECK(rms(mixed({a, scaled(a, -0.9f)})) > 0.9 * rms(a));
  // The two cancelling channels need not be the first ones.
  const Samples silent(a.size());
  CHECK(rms(mixed({silent, a, scaled(a, -1)})) > 0.6 * rms(a));
  // From the middle on, and with the fade nothing drops out.
  Samples b = a;
  for (size_t i = b.size() / 2; i < b.size(); ++i) b[i] = -b[i];
  const Samples out = mixed({a, b});
  for (size_t at = 0; at + 1600 <= out.size(); at += 1600)
    CHECK(rms(out, at, at + 1600) > 0.45 * rms(a, at, at + 1600));
}

TEST(audio_downmix_keeps_a_single_voice) {
  const Samples a = babble(16000, 2), silent(a.size());
  CHECK(rms(mixed({silent, a})) > 0.49 * rms(a));
  CHECK(rms(mixed({a, silent})) > 0.49 * rms(a));
}

TEST(audio_channel_is_chosen) {
  const Samples a = babble(16000, 1, 5), b = babble(16000, 1, 6);
  CHECK(mixed({a, b}, 0) == a);
  CHECK(mixed({a, b}, 1) == b);
  try {
    mixed({a, b}, 2);
    check::fail(__FILE__, __LINE__, "channel 2 of 2 was accepted");
  } catch (const hearken::Error& error) {
    CHECK(error.code() == hearken::codes::kInvalidArg);
    CHECK(std::string(error.what()).find("2 channels") != std::string::npos);
  }
  CHECK_THROWS(mixed({a}, -2), hearken::codes::kInvalidArg);
}

TEST(audio_shared_stereo_keeps_its_speech) {
  const std::string folder = check::shared("audio/formats");
  const Samples speech = readFile(folder + "/jfk_16k.wav");
  for (const char* name : {"jfk_stereo_antiphase.wav", "jfk_stereo_left_silent.wav"}) {
    const Samples out = readFile(folder + "/" + name);
    CHECK(correlation(speech, out, 40) > 0.95);
    CHECK(rms(out) > 0.45 * rms(speech));
  }
}
