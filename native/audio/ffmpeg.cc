#include "audio/ffmpeg.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <system_error>
#include <thread>

#include "audio/child_process.h"
#include "audio/pcm_decoder.h"
#include "core/error.h"
#ifndef _WIN32
#include <unistd.h>
#endif

namespace hearken {
namespace {

constexpr size_t kMaxLog = 32768;
constexpr size_t kLastWords = 350;  // with what complaint() adds, still below what it keeps
// ffmpeg's exit where it came to the end, but more than two thirds of the frames were damaged. What it could decode is
// what there is. Every other exit but 0 means that it gave up on the way (255: it was told to stop).
constexpr int64_t kManyDamaged = 69;
constexpr int64_t kStopped = 255;
constexpr int kPoll = 20;            // ms between looks at the cancel token
constexpr double kPreroll = 2;       // seconds decoded before a seek's target, for codecs that overlap
constexpr int64_t kWorthASeek = 20;  // seconds: a shorter way forwards is decoded through

// The lines that say what went wrong: those that are neither indented descriptions nor banners.
std::string complaint(const std::string& log) {
  std::string result;
  size_t at = 0;
  while (at < log.size()) {
    const size_t end = std::min(log.find('\n', at), log.size());
    std::string line = log.substr(at, end - at);
    at = end + 1;
    if (line.empty() || line[0] == ' ') continue;
    bool banner = false;
    for (const char* start : {"Input #", "Output #", "Stream mapping", "Press", "To ignore", "size=", "video:"}) {
      banner = banner || line.rfind(start, 0) == 0;
    }
    if (banner) continue;
    // "[mov @ 0x55d0c8a2e480] …": the address says nothing.
    const size_t address = line.find(" @ 0x");
    if (line[0] == '[' && address != std::string::npos) line.erase(address, line.find(']') - address);
    for (char& c : line) {
      if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    }
    if (!result.empty()) result += "; ";
    result += line;
    if (result.size() > 400) break;
  }
  return result.substr(0, 500);
}

// One run of ffmpeg, as the source of what it writes: a wav stream of 32-bit floats at the source's rate and channels.
class Run : public ByteSource {
 public:
  // `input`, if there is one, is fed to ffmpeg by a thread until this object dies.
  Run(ChildProcess::Options options, ByteReader* input, std::string path) : path_(std::move(path)) {
    options.pipeInput = input != nullptr;
    child_ = ChildProcess::start(options);
    if (!input) return;
    try {
      feeder_ = std::thread([this, input] { feed(*input); });
    } catch (const std::system_error&) {
      throw Error(codes::kOutOfMemory,
                  "no thread can be started to feed ffmpeg: the process is at its limit of threads");
    }
  }

  ~Run() override {
    stop_.cancel();
    child_->kill();
    if (feeder_.joinable()) feeder_.join();
  }

  size_t read(uint8_t* out, size_t n, CancelToken& cancel) override {
    for (;;) {
      cancel.throwIfCancelled();
      if (ended_) return end(cancel);
      size_t got = 0;
      std::string errors;
      const auto event = child_->read(out, n, got, errors, kPoll);
      keep(errors);
      given_ = given_ || got > 0;
      if (event == ChildProcess::Event::kData) return got;
      if (event == ChildProcess::Event::kTimeout) continue;
      ended_ = true;
    }
  }

  const std::string& log() const { return log_; }
  // Once read() gave 0: how ffmpeg ended.
  int64_t exitCode() const { return ending_.code; }

  [[noreturn]] void gaveUp() const {
    // The last lines tell why; the first of them may be cut off.
    const std::string said = complaint(last_.substr(last_.size() < kLastWords ? 0 : last_.find('\n') + 1));
#ifdef _WIN32
    const std::string what = "with the code ";
#else
    const std::string what = ending_.crashed ? "by the signal " : "with the code ";
#endif
    throw Error(codes::kAudioRead, "ffmpeg ended before the audio" + (path_.empty() ? "" : " of '" + path_ + "'") +
                                       " did, " + what + std::to_string(ending_.code) +
                                       (said.empty() ? "" : " (ffmpeg: " + said + ")") +
                                       ". Try again; if it stays so, convert the audio to wav or flac first");
  }

 private:
  void keep(const std::string& errors) {
    if (log_.size() < kMaxLog) log_.append(errors, 0, kMaxLog - log_.size());
    last_ += errors;
    if (last_.size() > kLastWords) last_.erase(0, last_.size() - kLastWords);
  }

  // The end of ffmpeg's output is the end of the audio only if ffmpeg says so too. Each call says the same again.
  size_t end(CancelToken& cancel) {
    while (!waited_) {
      cancel.throwIfCancelled();
      std::string errors;
      waited_ = child_->wait(ending_, errors, kPoll);
      keep(errors);
    }
    if (feeder_.joinable()) {
      stop_.cancel();
      feeder_.join();
    }
    if (failure_) std::rethrow_exception(failure_);
    if (ending_.crashed || ending_.code == kStopped) gaveUp();
    // Without any output it is start() that knows what the code means.
    if (given_ && ending_.code != 0 && ending_.code != kManyDamaged) gaveUp();
    return 0;
  }

  void feed(ByteReader& input) {
    try {
      std::vector<uint8_t> block(1 << 15);
      for (;;) {
        size_t got = 0;
        const uint8_t* data = input.peek(1, got, stop_);  // what is there, without waiting for a full block
        if (got == 0) break;
        got = input.buffered(data, block.size());
        std::copy_n(data, got, block.begin());
        input.skip(got, stop_);
        if (!child_->write(block.data(), got)) break;
      }
    } catch (...) {
      if (!stop_.cancelled()) failure_ = std::current_exception();
    }
    child_->closeInput();
  }

  std::unique_ptr<ChildProcess> child_;
  CancelToken stop_;
  std::thread feeder_;
  std::exception_ptr failure_;
  std::string path_;
  std::string log_;   // the beginning of what ffmpeg said
  std::string last_;  // and the end
  ChildProcess::Ending ending_;
  bool given_ = false;   // there was output
  bool ended_ = false;   // there is no more
  bool waited_ = false;  // the process is gone
};

std::string between(const std::string& text, const std::string& before, const std::string& stops) {
  const size_t at = text.find(before);
  if (at == std::string::npos) return "";
  const size_t begin = at + before.size();
  return text.substr(begin, text.find_first_of(stops, begin) - begin);
}

class FfmpegDecoder : public Decoder {
 public:
  FfmpegDecoder(std::string program, std::string path, std::function<void()> opened,
                std::unique_ptr<NamelessFile> file, std::unique_ptr<ByteReader> input, CancelToken& cancel)
      : program_(std::move(program)),
        path_(std::move(path)),
        opened_(std::move(opened)),
        file_(std::move(file)),
        input_(std::move(input)) {
    start(0, cancel);
    const std::string& log = run_->log();
    format_.container = between(log, "Input #0, ", ",");
    // Of several names for one family ffmpeg tells all: "mov,mp4,m4a,3gp,3g2,mj2, from '…'".
    const std::string names = between(log, "Input #0, ", "'");
    if (names.find("mp4") != std::string::npos) format_.container = "mp4";
    codec_ = codecOf(log);
    format_.codec = codec_.empty() ? "unknown" : codec_;
    format_.decoder = "ffmpeg";
    format_.sampleRate = pcm_->format().sampleRate;
    format_.channels = pcm_->format().channels;
    format_.seekable = !input_ || input_->seekable();
    // Where -ss was measured to be exact to the sample; elsewhere a seek decodes from the start.
    jumps_ = !input_ && (format_.container == "mp4" || format_.container == "ogg");
    int hours = 0, minutes = 0;
    double seconds = 0;
    const std::string duration = between(log, "Duration: ", ",");
    if (std::sscanf(duration.c_str(), "%d:%d:%lf", &hours, &minutes, &seconds) == 3) {
      format_.frames = static_cast<int64_t>((hours * 3600.0 + minutes * 60.0 + seconds) * format_.sampleRate);
    }
  }

  const DecoderFormat& format() const override { return format_; }

  size_t read(float* out, size_t frames, CancelToken& cancel) override {
    if (!pcm_) return 0;  // a jump beyond the end
    broken_ = true;       // until we are through: an error leaves the position unknown
    const size_t got = pcm_->read(out, frames, cancel);
    broken_ = false;
    position_ += static_cast<int64_t>(got);
    return got;
  }

  void seek(int64_t frame, CancelToken& cancel) override {
    const bool ahead = pcm_ && !broken_ && frame >= position_;
    const int64_t rate = format_.sampleRate;
    if (jumps_ && frame > kWorthASeek * rate && !(ahead && frame - position_ < kWorthASeek * rate)) {
      start(frame - static_cast<int64_t>(kPreroll * static_cast<double>(rate)), cancel);
    } else if (!ahead) {
      start(0, cancel);
    }
    std::vector<float> scrap(4096 * static_cast<size_t>(format_.channels));
    while (position_ < frame) {
      const auto part = static_cast<size_t>(std::min<int64_t>(frame - position_, 4096));
      if (read(scrap.data(), part, cancel) < part) break;
    }
  }

 private:
  // The codec of the first audio stream: "  Stream #0:1[0x2](und): Audio: aac (LC) (mp4a / 0x6134706D), …".
  static std::string codecOf(const std::string& log) { return between(log, ": Audio: ", " ,\n"); }

  void start(int64_t frame, CancelToken& cancel) {
    pcm_.reset();
    run_ = nullptr;
    broken_ = false;
    ChildProcess::Options options;
    options.arguments = {program_, "-nostdin", "-hide_banner", "-nostats", "-loglevel", "info"};
    const auto add = [&](std::initializer_list<std::string> more) {
      options.arguments.insert(options.arguments.end(), more);
    };
    add({"-protocol_whitelist", "file,pipe"});
    if (frame > 0) {
      char time[40];
      std::snprintf(time, sizeof(time), "%.6f", static_cast<double>(frame) / format_.sampleRate);
      add({"-ss", time});
    }
    // With its scheme in front, no path is taken for an option, a URL or a pattern.
    add({"-i", input_ ? "pipe:0" : "file:" + path_});
    add({"-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-fflags", "+bitexact", "-c:a", "pcm_f32le"});
    add({"-f", "wav", "pipe:1"});
    if (file_) options.inherit = file_->descriptor();
    if (input_ && input_->tell() > 0) input_->seek(0);
    auto run = std::make_unique<Run>(options, input_.get(), file_ ? "" : path_);
    run_ = run.get();
    auto reader = std::make_unique<ByteReader>(std::move(run));
    size_t got = 0;
    reader->peek(12, got, cancel);
    if (opened_) opened_();
    if (got < 12) {
      if (frame > 0 && run_->exitCode() == 0) return;  // beyond the end
      if (frame > 0) run_->gaveUp();
      refuse(run_->log());
    }
    auto layout = readWavHeader(*reader, cancel);
    if (!layout) throw Error(codes::kAudioFfmpeg, "ffmpeg gave no samples that can be read");
    layout->dataSize.reset();
    pcm_ = makePcmDecoder(std::move(reader), *layout);
    position_ = frame;
  }

  [[noreturn]] void refuse(const std::string& log) const {
    if (log.find("matches no streams") != std::string::npos) {
      throw Error(codes::kAudioFormat, "there is no audio track in it");
    }
    const std::string message = "it is not audio that hearken or ffmpeg can decode";
    const std::string said = complaint(log);
    throw Error(codes::kAudioFormat, message + (said.empty() ? "" : " (ffmpeg: " + said + ")"));
  }

  std::string program_, path_, codec_;
  std::function<void()> opened_;
  std::unique_ptr<NamelessFile> file_;
  std::unique_ptr<ByteReader> input_;
  std::unique_ptr<Decoder> pcm_;  // holds the Run, so it dies before what that reads from
  Run* run_ = nullptr;
  DecoderFormat format_;
  int64_t position_ = 0;
  bool jumps_ = false;
  bool broken_ = false;
};

std::string required(const std::string& wanted) {
  const std::string program = findFfmpeg(wanted);
  if (!program.empty()) return program;
  if (!wanted.empty()) {
    throw Error(codes::kAudioFfmpeg, "this audio needs ffmpeg, but there is no program at '" + wanted + "'");
  }
  throw Error(
      codes::kAudioFfmpeg,
      "hearken decodes wav, aiff, au, caf, mp3, flac and ogg vorbis itself; this audio needs ffmpeg, and there is none "
      "on "
      "PATH. Install it (apt install ffmpeg, brew install ffmpeg, winget install ffmpeg) or convert the audio first");
}

bool runnable(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
#ifdef _WIN32
  return true;
#else
  return ::access(path.c_str(), X_OK) == 0;
#endif
}

}  // namespace

std::string findFfmpeg(const std::string& wanted) {
#ifdef _WIN32
  const std::string suffix = ".exe";
  const char separator = ';';
#else
  const std::string suffix;
  const char separator = ':';
#endif
  const auto native = [](const std::string& text) { return std::filesystem::u8path(text); };
  if (wanted.find_first_of("/\\") != std::string::npos) return runnable(native(wanted)) ? wanted : "";
  std::string name = wanted.empty() ? "ffmpeg" : wanted;
  if (!suffix.empty() && native(name).extension().empty()) name += suffix;
  const char* variable = std::getenv("PATH");
  const std::string path = variable ? variable : "";
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find(separator, at), path.size());
    const std::string folder = path.substr(at, end - at);
    at = end + 1;
    if (!folder.empty() && runnable(native(folder) / name)) return (native(folder) / name).u8string();
  }
  return "";
}

std::unique_ptr<Decoder> openFfmpegFile(const std::string& path, const std::string& ffmpeg,
                                        std::function<void()> opened, CancelToken& cancel) {
  return std::make_unique<FfmpegDecoder>(required(ffmpeg), path, std::move(opened), nullptr, nullptr, cancel);
}

std::unique_ptr<Decoder> openFfmpegPipe(std::unique_ptr<ByteReader> reader, const std::string& ffmpeg,
                                        CancelToken& cancel) {
  return std::make_unique<FfmpegDecoder>(required(ffmpeg), "", nullptr, nullptr, std::move(reader), cancel);
}

std::unique_ptr<Decoder> openFfmpegBytes(const uint8_t* data, size_t size, const std::string& ffmpeg,
                                         CancelToken& cancel) {
  const std::string program = required(ffmpeg);
  auto file = std::make_unique<NamelessFile>(data, size);
  return std::make_unique<FfmpegDecoder>(program, NamelessFile::path(), nullptr, std::move(file), nullptr, cancel);
}

}  // namespace hearken
