// The digest of the file that is decoded, and what becomes of it when the file changes meanwhile.
#include <chrono>
#include <functional>

#include "audio/file_content.h"
#include "audio_helpers.h"

using namespace audiotest;
using hearken::CancelToken;
using hearken::Digest;
using hearken::FileContent;
using hearken::Hash;
using hearken::OpenFile;
namespace codes = hearken::codes;

namespace {

CancelToken never;

Digest digestOf(const Bytes& bytes) {
  Hash hash;
  hash.update(bytes.data(), bytes.size());
  return hash.digest();
}

std::optional<Digest> ask(const hearken::AudioReader& reader, bool whole) {
  return reader.content()->digest(whole, never);
}

// A minute of 48 kHz stereo: much more than a reader holds.
Bytes longWav(uint32_t seed = 1) {
  return makeWav(babble(96000, 60, seed), 48000, 2, false);
}

void readSome(hearken::AudioReader& reader, double seconds) {
  Samples samples(static_cast<size_t>(seconds * 16000));
  reader.read(samples.data(), samples.size(), never);
}

void write(const std::string& path, uint64_t offset, const Bytes& bytes) {
  // File systems tell times apart that are some milliseconds apart.
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(offset));
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void touch(const std::string& path) {
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
}

}  // namespace

TEST(content_digest_is_that_of_the_file) {
  for (const char* name : {"jfk_16k.wav", "jfk_vbr.mp3", "jfk_id3_unicode.mp3", "jfk_24bit_48k.flac", "jfk_vorbis.ogg",
                           "jfk.caf", "one_two_three_mono.aiff", "jfk_441khz.m4a", "jfk.webm"}) {
    const std::string path = check::shared(std::string("audio/formats/") + name);
    const Digest expected = digestOf(load(path));
    CHECK(hearken::hashFile(path, never) == expected);
    for (const size_t block : {100u, 7000u, 1000000u}) {
      if (hearken::findFfmpeg("").empty() && std::string(name).find(".m4a") + 1 + std::string(name).find(".webm") + 1)
        continue;
      const auto reader = open(path);
      readAll(*reader, block);
      CHECK(ask(*reader, true) == expected);
      CHECK(!ask(*reader, false));
    }
  }
}

TEST(content_digest_is_there_wherever_the_reader_was) {
  const Bytes bytes = longWav();
  const TemporaryFile file("content.wav", bytes);
  const std::vector<std::vector<int64_t>> ways = {{}, {30}, {50, 2}, {59, 0, 59, 10}, {100}};
  for (const bool touched : {false, true}) {
    for (const auto& seconds : ways) {
      const auto reader = open(file.path());
      for (const int64_t second : seconds) {
        reader->seek(second * 16000, never);
        readSome(*reader, 3);
      }
      if (touched) touch(file.path());
      CHECK(!ask(*reader, false));
      CHECK(ask(*reader, true) == digestOf(bytes));
    }
  }
}

TEST(content_that_changed_while_it_was_read_is_an_error) {
  const Bytes bytes = longWav();
  // What is done to the file once its first half was read; the last of it was read by a jump.
  const auto changed = [&](const std::function<void(const std::string&)>& change) {
    int errors = 0;
    for (const bool whole : {false, true}) {
      for (const bool jumped : {false, true}) {
        const TemporaryFile file("content.wav", bytes);
        const auto reader = open(file.path());
        readSome(*reader, 30);
        if (jumped) {
          reader->seek(58 * 16000, never);
          readSome(*reader, 1);
        }
        change(file.path());
        try {
          const auto digest = ask(*reader, whole);
          CHECK(digest.has_value() == whole && (!whole || *digest == digestOf(load(file.path()))));
        } catch (const hearken::Error& error) {
          CHECK(error.code() == codes::kAudioChanged);
          CHECK(std::string(error.what()).find("changed while it was read: run it again") != std::string::npos);
          ++errors;
        }
      }
    }
    return errors;
  };
  CHECK(changed([](const std::string& path) { write(path, 20 * 192000, {1, 2, 3}); }) == 4);
  CHECK(changed([](const std::string& path) { std::filesystem::resize_file(path, 192000); }) == 4);
  // Behind what was read it is what the transcript is of.
  CHECK(changed([](const std::string& path) { write(path, 50 * 192000, {1, 2, 3}); }) == 0);
  CHECK(changed([](const std::string& path) { write(path, 58 * 192000 + 96000, {1, 2, 3}); }) == 2);
  CHECK(changed([&](const std::string& path) { write(path, 0, bytes); }) == 0);
}

TEST(content_that_only_grew_has_no_digest) {
  const Bytes bytes = longWav();
  for (const double seconds : {0.0, 20.0, 60.0}) {
    const TemporaryFile file("content.wav", bytes);
    const auto reader = open(file.path());
    readSome(*reader, seconds);
    write(file.path(), bytes.size(), {1, 2, 3});
    CHECK(!ask(*reader, false) && !ask(*reader, true));
  }
}

TEST(content_is_that_of_the_file_that_was_opened) {
#ifdef _WIN32
  throw check::Skip{"a file that is open can't be replaced on Windows"};
#endif
  const Bytes bytes = longWav();
  const TemporaryFile file("content.wav", bytes);
  const auto reader = open(file.path());
  readSome(*reader, 10);
  const TemporaryFile other("content-other.wav", longWav(2));
  std::filesystem::rename(other.path(), file.path());
  readAll(*reader);
  CHECK(!ask(*reader, false));
  CHECK(ask(*reader, true) == digestOf(bytes));
}

TEST(content_that_ffmpeg_reads_is_known_while_nobody_writes_to_it) {
  needFfmpeg();
  const Bytes bytes = load(check::shared("audio/formats/jfk_441khz.m4a"));
  const TemporaryFile file("content.m4a", bytes);
  const auto reader = open(file.path());
  const TemporaryFile other("content-other.m4a", longWav());
  std::filesystem::rename(other.path(), file.path());  // ffmpeg has opened the old one
  readSome(*reader, 10);
  CHECK(ask(*reader, true) == digestOf(bytes));
  reader->seek(0, never);  // and now opens the new one
  CHECK_THROWS(ask(*reader, false), codes::kAudioChanged);

  const TemporaryFile touched("content-touched.m4a", bytes);
  const auto second = open(touched.path());
  readAll(*second);
  touch(touched.path());
  CHECK_THROWS(ask(*second, true), codes::kAudioChanged);  // nobody knows what ffmpeg read

  const TemporaryFile growing("content-growing.m4a", bytes);
  const auto third = open(growing.path());
  readAll(*third);
  std::ofstream(growing.path(), std::ios::app | std::ios::binary) << "more";
  CHECK(!ask(*third, true));
}

TEST(content_of_what_is_no_file_is_unknown) {
  const Bytes bytes = makeWav(tone(440, 16000, 1), 16000, 1);
  CHECK(openMemory(bytes)->content() == nullptr);
  CHECK_THROWS(hearken::hashFile("no/such/file.wav", never), codes::kAudioNotFound);
  CHECK_THROWS(hearken::hashFile("models", never), codes::kAudioNotFound);
  CancelToken cancelled;
  cancelled.cancel();
  CHECK_THROWS(hearken::hashFile("examples/jfk.wav", cancelled), codes::kAborted);
}
