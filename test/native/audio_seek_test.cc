#include <cstdlib>

#include "audio_helpers.h"

using namespace audiotest;

namespace {

// After seeks here and there, forwards and backwards, the samples are those of an unbroken read.
void checkSeeks(hearken::AudioReader& reader, const Samples& whole, double tolerance = 1e-6) {
  hearken::CancelToken cancel;
  uint32_t random = 7;
  std::vector<int64_t> targets = {0, 1, 15999, 4000, static_cast<int64_t>(whole.size()) - 100};
  for (int i = 0; i < 40; ++i) {
    random = random * 1664525u + 1013904223u;
    targets.push_back(static_cast<int64_t>((static_cast<uint64_t>(random) * whole.size()) >> 32));
  }
  for (int64_t target : targets) {
    reader.seek(target, cancel);
    CHECK(reader.position() == target);
    const size_t wanted = std::min<size_t>(6000, whole.size() - static_cast<size_t>(target));
    Samples part(wanted);
    const size_t got = reader.read(part.data(), wanted, cancel);
    const double worst = largestDifference(whole, static_cast<size_t>(target), part);
    if (got != wanted || worst > tolerance) {
      check::fail(__FILE__, __LINE__,
                  reader.info().container + ": seek to " + std::to_string(target) + " is off by " +
                      std::to_string(worst) + ", " + std::to_string(got) + " of " + std::to_string(wanted));
    }
  }
  float one;
  reader.seek(static_cast<int64_t>(whole.size()), cancel);
  CHECK(reader.read(&one, 1, cancel) == 0);
  reader.seek(static_cast<int64_t>(whole.size()) + 1000000, cancel);
  CHECK(reader.read(&one, 1, cancel) == 0);
  for (int64_t far : {int64_t{100000000} * 16000 - 1, int64_t{100000000} * 16000, INT64_MAX - 1, INT64_MAX}) {
    reader.seek(far, cancel);
    CHECK(reader.read(&one, 1, cancel) == 0);
    CHECK(reader.position() == far);
  }
  reader.seek(0, cancel);
  CHECK(reader.read(&one, 1, cancel) == (whole.empty() ? 0u : 1u));
  CHECK_THROWS(reader.seek(-1, cancel), hearken::codes::kInvalidArg);
}

}  // namespace

TEST(audio_seek_wav_is_exact) {
  for (int rate : {8000, 16000, 22050, 44100, 48000}) {
    for (int channels : {1, 2}) {
      const Bytes wav = makeWav(babble(rate, 6.0 * channels), rate, channels);
      auto reader = openMemory(wav);
      const Samples whole = readAll(*reader);
      CHECK_NEAR(static_cast<double>(whole.size()), 96000, 2);
      checkSeeks(*reader, whole, 0);
    }
  }
}

TEST(audio_seek_shared_files_is_exact) {
  const std::string folder = check::shared("audio/formats");
  for (const char* name : {"jfk_8k_mulaw.wav", "jfk_adpcm.wav", "jfk_24bit_44k.wav", "jfk_stereo_antiphase.wav",
                           "jfk.flac", "jfk_24bit_48k.flac", "jfk_orig_44k_stereo.flac", "jfk_vbr.mp3",
                           "jfk_32k_22050.mp3", "cv_ja.mp3", "jfk_id3_unicode.mp3", "sonnet001_orig.mp3",
                           "jfk_vorbis.ogg", "one_two_three_mono.aiff", "jfk.w64", "jfk.caf", "jfk.au"}) {
    auto reader = open(folder + "/" + name);
    const Samples whole = readAll(*reader);
    checkSeeks(*reader, whole);
  }
  const std::string bad = check::shared("audio/bad");
  for (const char* name : {"garbage_middle.mp3", "trunc.mp3", "trunc.flac"}) {
    auto reader = open(bad + "/" + name);
    const Samples whole = readAll(*reader);
    checkSeeks(*reader, whole);
  }
}

TEST(audio_seek_in_an_hour_of_mp3_is_exact_and_fast) {
  const std::string path = check::shared("audio/made/long_en.mp3");
  auto reader = open(path);
  REQUIRE(reader->info().frames);
  CHECK_NEAR(static_cast<double>(*reader->info().frames) / 16000, 3605.03, 0.15);
  // The unbroken read runs along a second reader; every so often the first one jumps there from far away.
  auto unbroken = open(path);
  hearken::CancelToken cancel;
  Samples want(16000), got(16000);
  double slowest = 0;
  for (int64_t second = 0; second < 3600; ++second) {
    REQUIRE(unbroken->read(want.data(), want.size(), cancel) == want.size());
    if (second % 171 != 100) continue;
    const auto before = std::chrono::steady_clock::now();
    reader->seek(second % 2 ? 0 : 3600 * 16000, cancel);
    reader->seek(second * 16000, cancel);
    REQUIRE(reader->read(got.data(), got.size(), cancel) == got.size());
    slowest = std::max(slowest, std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count());
    CHECK(largestDifference(want, 0, got) < 1e-4);
  }
  std::printf("    slowest seek and second read: %.1f ms\n", slowest * 1000);
  CHECK(slowest < 2.0);
}

TEST(audio_seek_ffmpeg_is_exact) {
  needFfmpeg();
  const std::string folder = check::shared("audio/formats");
  hearken::CancelToken cancel;
  for (const char* name : {"jfk_441khz.m4a", "sonnet001_orig.mp4", "mls_es.opus", "jfk.webm", "jfk.wma"}) {
    auto reader = open(folder + "/" + name);
    const Samples whole = readAll(*reader);
    for (int64_t target : {100000, 3, 50001, 81234}) {
      reader->seek(target, cancel);
      Samples part(20000);
      REQUIRE(reader->read(part.data(), part.size(), cancel) == part.size());
      CHECK(largestDifference(whole, static_cast<size_t>(target), part) < 1e-4);
    }
  }
}

// Long enough for a search among Ogg pages and for a jump of ffmpeg's.
TEST(audio_seek_long_files_is_exact) {
  needFfmpeg();
  const TemporaryFile source("long.wav", makeWav(babble(44100, 150), 44100, 1, false));
  int made = 0;
  for (const char* codec : {"ogg libvorbis", "m4a aac", "opus libopus", "mp3 libmp3lame"}) {
    const std::string text = codec, kind = text.substr(0, text.find(' ')), name = text.substr(text.find(' ') + 1);
    const TemporaryFile file("long." + kind, {});
    const std::string command = "ffmpeg -v quiet -y -i " + source.path() + " -c:a " + name + " " + file.path();
    if (std::system(command.c_str()) != 0) {
      std::printf("    %s is not tried: this ffmpeg has no encoder for it\n", codec);
      continue;
    }
    ++made;
    auto reader = open(file.path());
    const Samples whole = readAll(*reader);
    CHECK_NEAR(static_cast<double>(whole.size()), 150 * 16000, 3000);
    checkSeeks(*reader, whole, 1e-4);
  }
  if (made == 0) throw check::Skip{"ffmpeg has none of the encoders"};
}

TEST(audio_stream_seeks_forwards_only) {
  const Bytes wav = makeWav(babble(44100, 3), 44100, 1);
  const Samples whole = readAll(*openMemory(wav));
  auto queue = std::make_shared<hearken::ByteQueue>();
  queue->push(wav);
  queue->finish();
  hearken::CancelToken cancel;
  auto reader = hearken::openStream(queue, nullptr, {}, cancel);
  CHECK(!reader->info().seekable);
  reader->seek(30000, cancel);
  Samples part(5000);
  REQUIRE(reader->read(part.data(), part.size(), cancel) == part.size());
  CHECK(largestDifference(whole, 30000, part) == 0);
  CHECK_THROWS(reader->seek(100, cancel), hearken::codes::kInvalidArg);
}
