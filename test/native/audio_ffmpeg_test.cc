#include <chrono>
#include <csignal>
#include <cstdlib>

#include "audio_helpers.h"
#include "core/ledger.h"
#ifndef _WIN32
#include <sys/wait.h>
#endif

using namespace audiotest;

namespace {

int openDescriptors() {
  std::error_code error;
  int count = 0;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", error);
       it != std::filesystem::directory_iterator(); ++it) {
    ++count;
  }
  return count;
}

void checkNoChild() {
#ifndef _WIN32
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD);
#endif
}

// Something that only ffmpeg decodes, made here: NIST Sphere, which has a header of text.
Bytes makeSphere() {
  const Samples x = babble(16000, 30);
  std::string head =
      "NIST_1A\n   1024\nsample_count -i 480000\nsample_rate -i 16000\nchannel_count -i 1\n"
      "sample_n_bytes -i 2\nsample_byte_format -s2 01\nsample_sig_bits -i 16\nsample_coding -s3 pcm\nend_head\n";
  head.resize(1024, ' ');
  Bytes out(head.begin(), head.end());
  for (float v : x) put(out, static_cast<uint16_t>(std::lround(v * 32768)), 2);
  return out;
}

}  // namespace

TEST(audio_ffmpeg_decodes_paths_bytes_and_streams) {
  needFfmpeg();
  const Bytes bytes = makeSphere();
  const TemporaryFile file("plain.bin", bytes);
  const Samples want = babble(16000, 30);
  const Samples whole = readFile(file.path());
  CHECK(whole.size() == want.size());
  CHECK(largestDifference(want, 0, whole) < 2e-5);
  CHECK(readAll(*openMemory(bytes)) == whole);
  for (size_t block : {7u, 1000u, 1000000u}) CHECK(readStream(bytes, block) == whole);
}

TEST(audio_ffmpeg_takes_odd_paths_as_they_are) {
  needFfmpeg();
  const Bytes bytes = makeSphere();
  const auto old = std::filesystem::current_path();
  std::filesystem::current_path(std::filesystem::temp_directory_path());
  for (const char* name : {"-i.wav", "http:x.wav", "a b'c\"$(touch hacked)`.wav", "%d.wav",
                           "caf\xC3\xA9 \xF0\x9F\x8E\xA4;|&.wav", "pipe:0", "concat:a|b", "x\ny.wav"}) {
    std::ofstream(name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    try {
      CHECK(readFile(name).size() == 480000);
    } catch (const std::exception& error) {
      check::fail(__FILE__, __LINE__, std::string(name) + ": " + error.what());
    }
    std::filesystem::remove(name);
  }
  CHECK(!std::filesystem::exists("hacked"));
  std::filesystem::current_path(old);
}

TEST(audio_ffmpeg_missing_says_what_to_install) {
  const TemporaryFile file("noffmpeg.bin", makeSphere());
  hearken::ReaderOptions options;
  options.ffmpegPath = "/no/such/ffmpeg";
  CHECK_THROWS(open(file.path(), options), hearken::codes::kAudioFfmpeg);
  const char* path = std::getenv("PATH");
  const std::string old = path ? path : "";
#ifndef _WIN32
  ::setenv("PATH", "/nonexistent", 1);
  try {
    open(file.path());
    check::fail(__FILE__, __LINE__, "decoded without ffmpeg");
  } catch (const hearken::Error& error) {
    CHECK(error.code() == hearken::codes::kAudioFfmpeg);
    CHECK(std::string(error.what()).find("Install") != std::string::npos);
  }
  ::setenv("PATH", old.c_str(), 1);
#endif
}

TEST(audio_ffmpeg_mp4_from_bytes_and_streams) {
  needFfmpeg();
  const std::string folder = check::shared("audio/formats");
  int behind = 0;
  for (const char* name : {"jfk_441khz.m4a", "jfk_alac.m4a", "sonnet001_orig.mp4"}) {
    const Bytes bytes = load(folder + "/" + name);
    const Samples whole = readFile(folder + "/" + name);
    CHECK(readAll(*openMemory(bytes)) == whole);
    try {
      CHECK(readStream(bytes, 5000) == whole);
    } catch (const hearken::Error& error) {
      // Its index is at the end: a stream cannot give it, and the message says what can be done.
      ++behind;
      CHECK(error.code() == hearken::codes::kAudioFormat);
      CHECK(std::string(error.what()).find("faststart") != std::string::npos);
    }
  }
  CHECK(behind >= 1);
}

TEST(audio_ffmpeg_leaves_nothing_behind) {
  needFfmpeg();
  const Bytes bytes = makeSphere();
  const TemporaryFile file("leak.bin", bytes);
  readFile(file.path());
  const int before = openDescriptors();
  hearken::CancelToken cancel;
  for (int i = 0; i < 4; ++i) {
    auto whole = open(file.path());
    readAll(*whole);
    auto half = open(file.path());  // dropped while ffmpeg still writes
    Samples part(1000);
    half->read(part.data(), part.size(), cancel);
    half->seek(300000, cancel);
    auto memory = openMemory(bytes);
    memory->read(part.data(), part.size(), cancel);
    auto queue = std::make_shared<hearken::ByteQueue>();  // dropped while its feeder waits for more
    queue->push(Bytes(bytes.begin(), bytes.begin() + 200000));
    auto stream = hearken::openStream(queue, nullptr, {}, cancel);
    stream->read(part.data(), part.size(), cancel);
  }
  CHECK_THROWS(openMemory(Bytes(1000, 3)), hearken::codes::kAudioFormat);
  CHECK(openDescriptors() == before);
  checkNoChild();
}

TEST(audio_ffmpeg_cancel_is_prompt) {
  needFfmpeg();
  const Bytes bytes = makeSphere();
  auto queue = std::make_shared<hearken::ByteQueue>();
  queue->push(Bytes(bytes.begin(), bytes.begin() + 100000));  // and no more: ffmpeg waits, so do we
  hearken::CancelToken cancel;
  std::chrono::steady_clock::time_point cancelled;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
    cancelled = std::chrono::steady_clock::now();
    cancel.cancel();
  });
  try {
    auto reader = hearken::openStream(queue, nullptr, {}, cancel);
    Samples out(480000);
    reader->read(out.data(), out.size(), cancel);
    check::fail(__FILE__, __LINE__, "a cancelled read returned");
  } catch (const hearken::Error& error) {
    CHECK(error.code() == hearken::codes::kAborted);
  }
  const auto done = std::chrono::steady_clock::now();
  later.join();
  CHECK(std::chrono::duration<double>(done - cancelled).count() < 0.15);
  checkNoChild();
}

TEST(audio_ffmpeg_stream_failure_is_told) {
  needFfmpeg();
  const Bytes bytes = makeSphere();
  auto queue = std::make_shared<hearken::ByteQueue>();
  queue->push(Bytes(bytes.begin(), bytes.begin() + 200000));
  queue->fail("connection lost");
  hearken::CancelToken cancel;
  CHECK_THROWS(readAll(*hearken::openStream(queue, nullptr, {}, cancel)), hearken::codes::kAudioRead);
}

#ifndef _WIN32
namespace {

// A program in ffmpeg's place that does what the lines say.
class StandIn {
 public:
  explicit StandIn(const std::string& lines)
      : wav_("standin.wav", makeWav(tone(300, 16000, 5), 16000, 1)), script_("standin.sh", {}) {
    std::ofstream(script_.path()) << "#!/bin/sh\nwav='" << wav_.path() << "'\n" << lines << "\n";
    std::filesystem::permissions(script_.path(), std::filesystem::perms::owner_all);
    options_.ffmpegPath = script_.path();
  }
  const hearken::ReaderOptions& options() const { return options_; }

 private:
  TemporaryFile wav_, script_;
  hearken::ReaderOptions options_;
};

struct Outcome {
  std::string code, message;
  size_t samples = 0;
};

Outcome readTo(const std::string& path, const std::string& lines) {
  const StandIn program(lines);
  Outcome outcome;
  try {
    outcome.samples = readAll(*open(path, program.options())).size();
  } catch (const hearken::Error& error) {
    outcome.code = error.code();
    outcome.message = error.what();
  }
  checkNoChild();
  return outcome;
}

bool says(const Outcome& outcome, const std::string& text) {
  return outcome.message.find(text) != std::string::npos;
}

}  // namespace

TEST(audio_ffmpeg_crash_is_not_the_end) {
  const Bytes bytes = makeSphere();
  const TemporaryFile file("crash.bin", bytes);
  const std::string read = hearken::codes::kAudioRead, format = hearken::codes::kAudioFormat;
  CHECK(readTo(file.path(), "cat \"$wav\"").samples == 80000);

  Outcome got = readTo(file.path(), "cat \"$wav\"; echo 'out of luck' >&2; kill -9 $$");
  CHECK(got.code == read && says(got, "signal 9") && says(got, "out of luck") && says(got, file.path()));
  got = readTo(file.path(), "kill -11 $$");
  CHECK(got.code == read && says(got, "signal 11"));
  got = readTo(file.path(), "cat \"$wav\"; echo 'Cannot allocate memory' >&2; exit 1");
  CHECK(got.code == read && says(got, "code 1") && says(got, "Cannot allocate memory"));
  got = readTo(file.path(), "cat \"$wav\"; exit 255");  // as ffmpeg does when it is told to stop
  CHECK(got.code == read);
  got = readTo(file.path(), "exit 255");
  CHECK(got.code == read);
  got = readTo(file.path(), "echo 'no such thing' >&2; exit 1");
  CHECK(got.code == format && says(got, "no such thing"));
  // Most frames were damaged, but it came to the end.
  got = readTo(file.path(), "cat \"$wav\"; exit 69");
  CHECK(got.code.empty() && got.samples == 80000);
  // However much it says, the message is short, and has its end.
  got = readTo(file.path(),
               "cat \"$wav\"; i=0; while [ $i -lt 3000 ]; do echo \"blah blah blah $i\"; i=$((i+1)); done "
               ">&2; echo 'the last word' >&2; kill -9 $$");
  CHECK(got.code == read && got.message.size() < 1500 && says(got, "the last word"));
}

TEST(audio_ffmpeg_crash_is_told_again) {
  const Bytes bytes = makeSphere();
  const TemporaryFile file("crash2.bin", bytes);
  const StandIn program("cat \"$wav\"; kill -9 $$");
  hearken::CancelToken cancel;
  Samples out(100000);
  auto reader = open(file.path(), program.options());
  for (int i = 0; i < 3; ++i) CHECK_THROWS(reader->read(out.data(), out.size(), cancel), hearken::codes::kAudioRead);
  reader->seek(0, cancel);
  CHECK(reader->read(out.data(), 40000, cancel) == 40000);
  auto memory = openMemory(bytes, program.options());
  for (int i = 0; i < 3; ++i) CHECK_THROWS(memory->read(out.data(), out.size(), cancel), hearken::codes::kAudioRead);
  // A stream whose writer waits: the crash is told nevertheless.
  auto queue = std::make_shared<hearken::ByteQueue>();
  queue->push(bytes);
  auto stream = hearken::openStream(queue, nullptr, program.options(), cancel);
  for (int i = 0; i < 3; ++i) CHECK_THROWS(stream->read(out.data(), out.size(), cancel), hearken::codes::kAudioRead);
}

TEST(audio_ffmpeg_crash_at_a_jump_is_not_the_end) {
  const TemporaryFile file("crash3.bin", makeSphere());
  const auto jump = [&](const std::string& end) {
    const StandIn program(
        "echo \"Input #0, ogg, from 'x':\" >&2\necho '  Duration: 00:10:00.00, start' >&2\n"
        "case \"$*\" in *' -ss '*) " +
        end + ";; esac\ncat \"$wav\"");
    hearken::CancelToken cancel;
    auto reader = open(file.path(), program.options());
    CHECK(reader->info().container == "ogg");
    float one;
    reader->seek(300 * 16000, cancel);
    return reader->read(&one, 1, cancel);
  };
  CHECK(jump("exit 0") == 0);
  CHECK_THROWS(jump("exit 1"), hearken::codes::kAudioRead);
  CHECK_THROWS(jump("kill -9 $$"), hearken::codes::kAudioRead);
}
#endif

TEST(audio_ffmpeg_decodes_what_is_left_of_damaged_files) {
  needFfmpeg();
  CHECK(readFile(check::shared("audio/bad/trunc.opus")).size() > 16000);
  // Two thirds and more of its frames are noise: ffmpeg's exit is not 0.
  Bytes bytes = load(check::shared("audio/formats/jfk_441khz.m4a"));
  uint32_t random = 3;
  for (size_t i = bytes.size() / 5; i < bytes.size() * 19 / 20; ++i) {
    random = random * 1664525u + 1013904223u;
    bytes[i] = static_cast<uint8_t>(random >> 24);
  }
  const TemporaryFile file("noise.m4a", bytes);
  CHECK(readFile(file.path()).size() > 16000);
}

TEST(audio_ffmpeg_copy_is_counted) {
#ifdef __linux__
  needFfmpeg();
  const Bytes bytes = load(check::shared("audio/formats/sonnet001_orig.mp4"));
  const auto held = [] { return hearken::Ledger::instance().bytes(hearken::MemoryKind::kAudio); };
  const int64_t before = held();
  {
    auto reader = openMemory(bytes);
    CHECK(held() - before >= static_cast<int64_t>(bytes.size()));
  }
  CHECK(held() == before);
#endif
}
