// Every file of the shared sets of formats and of bad inputs, against what their manifests say of them.
#include <algorithm>
#include <map>

#include "audio_helpers.h"

using namespace audiotest;

namespace {

struct Line {
  std::string file;
  double seconds = 0;
};

std::string field(const std::string& line, const std::string& name) {
  const size_t at = line.find("\"" + name + "\": ");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 4;
  if (line[begin] == '"') return line.substr(begin + 1, line.find('"', begin + 1) - begin - 1);
  return line.substr(begin, line.find_first_of(",}", begin) - begin);
}

std::vector<Line> manifest(const std::string& folder) {
  std::vector<Line> lines;
  std::ifstream file(folder + "/manifest.jsonl");
  for (std::string text; std::getline(file, text);) {
    const std::string name = field(text, "file"), seconds = field(text, "seconds");
    lines.push_back({name.substr(name.find('/') + 1), seconds.empty() ? 0 : std::stod(seconds)});
  }
  return lines;
}

// Half a second is the most that these two may differ: raw AAC has no length of its own (its manifest's is an
// estimate).
double tolerance(const std::string& file) {
  return file == "jfk_aac.aac" ? 0.5 : file == "jfk_video.mkv" ? 0.25 : 0.15;
}

void checkFormats(const std::string& decoder) {
  const std::string folder = check::shared("audio/formats");
  const Samples speech = readFile(folder + "/jfk_16k.wav");
  CHECK(speech.size() == 176000);
  int seen = 0;
  for (const auto& line : manifest(folder)) {
    std::unique_ptr<hearken::AudioReader> reader;
    try {
      reader = open(folder + "/" + line.file);
    } catch (const hearken::Error& error) {
      if (decoder == "builtin" && error.code() == hearken::codes::kAudioFfmpeg) continue;
      check::fail(__FILE__, __LINE__, line.file + ": " + error.what());
      continue;
    }
    if (reader->info().decoder != decoder) continue;
    ++seen;
    const Samples out = readAll(*reader);
    const double seconds = static_cast<double>(out.size()) / 16000;
    if (std::fabs(seconds - line.seconds) > tolerance(line.file)) {
      check::fail(__FILE__, __LINE__, line.file + " has " + std::to_string(seconds) + " s");
    }
    const auto frames = reader->info().frames;
    if (decoder == "builtin" && frames != static_cast<int64_t>(out.size())) {
      check::fail(__FILE__, __LINE__, line.file + ": the length told is not the length read");
    }
    if (line.file.rfind("jfk", 0) == 0 && !(correlation(speech, out) > 0.95)) {
      check::fail(__FILE__, __LINE__, line.file + " does not sound right");
    }
  }
  CHECK(seen > (decoder == "builtin" ? 20 : 8));
}

// Seconds that can be decoded of each bad file; -1: a clear error.
const std::map<std::string, double> kBad = {
    {"zero_byte.wav", -1},
    {"zero_byte.mp3", -1},
    {"text.mp3", -1},
    {"html.m4a", -1},
    {"header_only.wav", 0},
    {"trunc_data.wav", 3.7476},
    {"wrong_length_big.wav", 11},
    {"huge_length.wav", 2},
    {"streamed_length_ffff.wav", 11},
    {"nan_inf_float.wav", 11},
    {"loud_float.wav", 11},
    {"quiet.wav", 11},
    {"dc_offset.wav", 11},
    {"one_sample.wav", 1.0 / 16000},
    {"hundred_ms.wav", 0.1},
    {"sr_zero.wav", -1},
    {"sr_1hz.wav", -1},
    {"zero_channels.wav", -1},
    {"bits_zero.wav", -1},
    {"unknown_codec.wav", -1},
    {"no_fmt.wav", -1},
    {"no_data.wav", -1},
    {"chunk_size_overflow.wav", -1},
    {"trunc.mp3", 3.632},
    {"garbage_middle.mp3", 11},
    {"id3_only.mp3", -1},
    {"trunc.flac", 5.328},
    {"trunc_header.flac", -1},
    {"trunc.opus", 5.0},
    {"trunc.m4a", -1},
    {"video_only.mp4", -1},
    {"silence_60s.wav", 60},
    {"tone_10s.wav", 10},
    {"192k.wav", 3},
    {"eight_bit.wav", 11},
    {"4khz.wav", 11},
};

}  // namespace

TEST(audio_formats_builtin) {
  checkFormats("builtin");
}

TEST(audio_formats_ffmpeg) {
  needFfmpeg();
  checkFormats("ffmpeg");
}

TEST(audio_bad_files) {
  const std::string folder = check::shared("audio/bad");
  const bool haveFfmpeg = !hearken::findFfmpeg("").empty();
  size_t seen = 0;
  for (const auto& line : manifest(folder)) {
    const auto found = kBad.find(line.file);
    if (found == kBad.end()) {
      check::fail(__FILE__, __LINE__, line.file + " is new: say what is expected of it");
      continue;
    }
    ++seen;
    for (int way = 0; way < 3; ++way) {  // as a path, as bytes, as a stream
      double seconds = -1;
      std::string code;
      try {
        const Bytes bytes = load(folder + "/" + line.file);
        const Samples out = way == 0   ? readFile(folder + "/" + line.file)
                            : way == 1 ? readAll(*openMemory(bytes))
                                       : readStream(bytes, 4096);
        for (float v : out) REQUIRE(std::isfinite(v));
        seconds = static_cast<double>(out.size()) / 16000;
      } catch (const hearken::Error& error) {
        code = error.code();
      }
      const bool known = code == hearken::codes::kAudioFormat || (!haveFfmpeg && code == hearken::codes::kAudioFfmpeg);
      const double want = !haveFfmpeg && line.file == "trunc.opus" ? -1 : found->second;
      if (want < 0 ? !known : std::fabs(seconds - want) > 0.03) {
        check::fail(__FILE__, __LINE__,
                    line.file + " way " + std::to_string(way) + ": " + std::to_string(seconds) + " s " + code);
      }
    }
  }
  CHECK(seen == kBad.size());
}

TEST(audio_wav_of_every_width) {
  // One tone in each coding that is cheap to write by hand.
  const Samples x = tone(440, 16000, 0.25);
  const auto build = [&](int tag, int bits, auto encode) {
    Bytes wav = makeWav({}, 16000, 1);
    wav[20] = static_cast<uint8_t>(tag);
    wav[32] = static_cast<uint8_t>(bits / 8);
    wav[34] = static_cast<uint8_t>(bits);
    wav[40] = wav[41] = wav[42] = wav[43] = 0xFF;
    for (float v : x) put(wav, encode(v), bits / 8);
    return readAll(*openMemory(wav));
  };
  const auto integer = [](double scale) {
    return [scale](float v) { return static_cast<uint64_t>(static_cast<int64_t>(std::lround(v * scale))); };
  };
  const auto near = [&](const Samples& out, double tolerance) {
    CHECK(out.size() == x.size());
    CHECK(largestDifference(x, 0, out) < tolerance);
  };
  near(build(1, 8, [](float v) { return static_cast<uint64_t>(std::lround(v * 128) + 128); }), 0.005);
  near(build(1, 16, integer(32768)), 2e-5);
  near(build(1, 24, integer(8388608)), 1e-6);
  near(build(1, 32, integer(2147483648.0)), 1e-6);
  near(build(3, 64,
             [](float v) {
               const double d = v;
               uint64_t bits;
               std::memcpy(&bits, &d, 8);
               return bits;
             }),
       1e-7);
}

TEST(audio_wav_big_endian) {
  const Samples x = tone(440, 16000, 0.25);
  Bytes wav = makeWav({}, 16000, 1, false);
  wav[3] = 'X';
  for (size_t at : {20, 22, 32, 34}) std::swap(wav[at], wav[at + 1]);
  for (size_t at : {16, 24, 28})
    std::reverse(wav.begin() + static_cast<long>(at), wav.begin() + static_cast<long>(at + 4));
  wav[40] = wav[41] = wav[42] = wav[43] = 0xFF;
  for (float v : x) {
    const auto sample = static_cast<uint16_t>(std::lround(v * 32768));
    put(wav, sample >> 8 | (sample & 255) << 8, 2);
  }
  auto reader = openMemory(wav);
  CHECK(reader->info().codec == "pcm_s16be");
  CHECK(largestDifference(x, 0, readAll(*reader)) < 2e-5);
}

TEST(audio_missing_and_unreadable_files) {
  CHECK_THROWS(open("/no/such/file.wav"), hearken::codes::kAudioNotFound);
  CHECK_THROWS(open(std::filesystem::temp_directory_path().string()), hearken::codes::kAudioNotFound);
  CHECK_THROWS(open(""), hearken::codes::kAudioNotFound);
  CHECK_THROWS(openMemory({}), hearken::codes::kAudioFormat);
}
