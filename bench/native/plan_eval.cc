// How good the speech detector and the chunk plan are, against marked speech:
//   plan_eval <silero.bin> [--energy] [--chunk <seconds>] <audio> <truth.rttm> [<audio> <truth.rttm> …]
// Frames: speech frames that no region has (miss), and other frames that one has (false alarm), with the chunk's
// padding. Plan: speech that no chunk owns, cuts inside marked speech, how full the chunks are, what the detector
// costs.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "audio/sources.h"
#include "chunk/planner.h"
#include "chunk/silero_detector.h"
#include "chunk/speech_regions.h"

using namespace hearken;

namespace {

constexpr double kFrameSeconds = static_cast<double>(kSpeechFrame) / kSampleRate;

struct Stretch {
  double begin, end;
};

std::vector<Stretch> readRttm(const std::string& path) {
  std::vector<Stretch> all;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string kind, id, channel;
    double begin = 0, length = 0;
    if (fields >> kind >> id >> channel >> begin >> length && kind == "SPEAKER") all.push_back({begin, begin + length});
  }
  std::sort(all.begin(), all.end(), [](const Stretch& a, const Stretch& b) { return a.begin < b.begin; });
  std::vector<Stretch> merged;
  for (const auto& s : all) {
    if (!merged.empty() && s.begin <= merged.back().end) {
      merged.back().end = std::max(merged.back().end, s.end);
    } else {
      merged.push_back(s);
    }
  }
  return merged;
}

// Loudness over the noise floor, the classic alternative; here to be measured against, not used by hearken.
class EnergyDetector final : public SpeechDetector {
 public:
  void reset() override { floor_ = -1; }
  void detect(const float* samples, size_t frames, std::vector<float>& out, CancelToken&) override {
    for (size_t f = 0; f < frames; ++f) {
      double sum = 0, squares = 0;
      for (size_t i = 0; i < kSpeechFrame; ++i) {
        const double x = samples[f * kSpeechFrame + i];
        sum += x;
        squares += x * x;
      }
      const double mean = sum / kSpeechFrame;
      const double level = 10 * std::log10(std::max(squares / kSpeechFrame - mean * mean, 1e-10));
      // The floor falls to a quieter frame at once and rises by 2 dB a second.
      floor_ = floor_ == -1 ? level : std::min(level, floor_ + 2 * kFrameSeconds);
      const double over = level - floor_;
      out.push_back(static_cast<float>(1 / (1 + std::exp(-(over - 12) / 3))));
    }
  }

 private:
  double floor_ = -1;
};

struct Totals {
  double speech = 0, missed = 0, silence = 0, alarmed = 0, detectSeconds = 0, seconds = 0;
  double unowned = 0, chunkSeconds = 0;
  int chunks = 0, cuts = 0, inside = 0, deep = 0, loud = 0, overlaps = 0;
};

double clock() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool covers(const std::vector<Stretch>& all, double t, double margin) {
  return std::any_of(all.begin(), all.end(),
                     [&](const Stretch& s) { return t > s.begin + margin && t < s.end - margin; });
}

std::vector<float> readAll(const std::string& path, CancelToken& cancel) {
  auto reader = openFile(path, {}, cancel);
  std::vector<float> all, block(kSpeechFrame * 100);
  for (size_t n; (n = reader->read(block.data(), block.size(), cancel)) > 0;)
    all.insert(all.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(n));
  all.resize((all.size() + kSpeechFrame - 1) / kSpeechFrame * kSpeechFrame);
  return all;
}

void scoreFrames(const std::vector<float>& pcm, SpeechDetector& detector, const std::vector<Stretch>& truth,
                 double padding, Totals& t) {
  CancelToken cancel;
  std::vector<float> probabilities;
  const double from = clock();
  detector.reset();
  detector.detect(pcm.data(), pcm.size() / kSpeechFrame, probabilities, cancel);
  t.detectSeconds += clock() - from;
  t.seconds += static_cast<double>(pcm.size()) / kSampleRate;
  SpeechRegions regions;
  for (const float p : probabilities) regions.push(p);
  regions.finish();
  std::vector<Stretch> bare, padded;
  for (const auto& r : regions.closed()) {
    bare.push_back({r.begin * kFrameSeconds, r.end * kFrameSeconds});
    padded.push_back({bare.back().begin - padding, bare.back().end + padding});
  }
  for (size_t f = 0; f < probabilities.size(); ++f) {
    const double at = (f + 0.5) * kFrameSeconds;
    const bool real = covers(truth, at, 0);
    (real ? t.speech : t.silence) += 1;
    if (real && !covers(padded, at, 0)) t.missed += 1;
    if (!real && covers(bare, at, 0)) t.alarmed += 1;
  }
}

// The power around t, in dB below that of the louder quarter of the frames within 2 s: a cut through a word shows here.
double depth(const std::vector<float>& pcm, double t) {
  const auto power = [&](int64_t from, int64_t n) {
    double sum = 0;
    for (int64_t i = std::max<int64_t>(from, 0); i < std::min<int64_t>(from + n, static_cast<int64_t>(pcm.size())); ++i)
      sum += static_cast<double>(pcm[i]) * pcm[i];
    return sum / static_cast<double>(n) + 1e-12;
  };
  const int64_t at = static_cast<int64_t>(t * kSampleRate), frame = kSpeechFrame;
  std::vector<double> around;
  for (int64_t from = at - 2 * kSampleRate; from < at + 2 * kSampleRate; from += frame)
    around.push_back(power(from, frame));
  std::sort(around.begin(), around.end());
  return 10 * std::log10(around[around.size() * 3 / 4] / power(at - frame / 2, frame));
}

void scorePlan(const std::string& path, const std::vector<float>& pcm, std::unique_ptr<SpeechDetector> detector,
               const std::vector<Stretch>& truth, int64_t chunk, bool detect, bool list, Totals& t) {
  CancelToken cancel;
  PlanOptions options;
  options.chunkSamples = chunk;
  options.detectSpeech = detect;
  ChunkPlanner planner(openFile(path, {}, cancel), std::move(detector), options);
  std::vector<Stretch> owned;
  std::vector<double> edges;
  while (auto c = planner.next(cancel)) {
    const double begin = c->span.begin / double(kSampleRate), end = c->span.end / double(kSampleRate);
    if (list) {
      std::printf("  %3d %9.2f – %9.2f (%5.2f s) owns %9.2f – %9.2f %s\n", c->index, begin, end, end - begin,
                  c->owned.begin / double(kSampleRate), c->owned.end / double(kSampleRate),
                  c->end == ChunkEnd::kOverlap ? "overlap" : "");
    }
    ++t.chunks;
    t.chunkSeconds += end - begin;
    t.overlaps += c->end == ChunkEnd::kOverlap;
    owned.push_back({c->owned.begin / double(kSampleRate), c->owned.end / double(kSampleRate)});
    edges.push_back(owned.back().begin);
    if (c->end == ChunkEnd::kPause) edges.push_back(end);
  }
  for (const double edge : edges) {
    ++t.cuts;
    t.inside += covers(truth, edge, 0.05);
    t.deep += covers(truth, edge, 0.25);
    if (!covers(truth, edge, 0.05)) continue;
    const double quiet = depth(pcm, edge);
    t.loud += quiet < 10;
    if (list && quiet < 10) std::printf("  the edge at %.2f is only %.1f dB below the speech around it\n", edge, quiet);
  }
  for (const auto& s : truth) {
    double got = 0;
    for (const auto& o : owned) got += std::max(0.0, std::min(s.end, o.end) - std::max(s.begin, o.begin));
    t.unowned += s.end - s.begin - got;
    if (list && s.end - s.begin - got > 0.05)
      std::printf("  dropped %.2f s of the speech at %.2f – %.2f\n", s.end - s.begin - got, s.begin, s.end);
  }
}

}  // namespace

int main(int argc, char** argv) {
  bool energy = false, detect = true, list = false;
  double chunkSeconds = 30;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (!std::strcmp(argv[i], "--energy")) {
      energy = true;
    } else if (!std::strcmp(argv[i], "--no-detection")) {
      detect = false;
    } else if (!std::strcmp(argv[i], "--list")) {
      list = true;
    } else if (!std::strcmp(argv[i], "--chunk") && i + 1 < argc) {
      chunkSeconds = std::stod(argv[++i]);
    } else {
      files.push_back(argv[i]);
    }
  }
  if (files.size() < 3 || files.size() % 2 == 0) {
    std::fprintf(stderr,
                 "usage: plan_eval <silero.bin> [--energy | --no-detection] [--chunk <seconds>] [--list] <audio> "
                 "<truth.rttm> …\n");
    return 2;
  }
  try {
    const auto make = [&]() -> std::unique_ptr<SpeechDetector> {
      if (energy) return std::make_unique<EnergyDetector>();
      return loadSileroDetector(files[0]);
    };
    Totals t;
    for (size_t i = 1; i + 1 < files.size(); i += 2) {
      CancelToken cancel;
      const auto truth = readRttm(files[i + 1]);
      const auto pcm = readAll(files[i], cancel);
      scoreFrames(pcm, *make(), truth, 0.3, t);
      scorePlan(files[i], pcm, make(), truth, static_cast<int64_t>(chunkSeconds * kSampleRate), detect, list, t);
    }
    std::printf(
        "frames: %.0f s of audio, %.0f s of speech; missed with 0.3 s padding %.3f %%, false alarm %.2f %%, %.2f ms a "
        "second\n",
        t.seconds, t.speech * kFrameSeconds, 100 * t.missed / t.speech, 100 * t.alarmed / std::max(1.0, t.silence),
        1e3 * t.detectSeconds / t.seconds);
    std::printf(
        "plan:   %d chunks, %.1f s on average; %d edges, %d in marked speech (> 0.05 s), %d deep (> 0.25 s), %d of "
        "these less than 10 dB below the speech around; %d overlaps; dropped %.2f s = %.3f %%\n",
        t.chunks, t.chunkSeconds / std::max(1, t.chunks), t.cuts, t.inside, t.deep, t.loud, t.overlaps, t.unowned,
        100 * t.unowned / (t.speech * kFrameSeconds));
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", error.code().c_str(), error.what());
    return 1;
  }
  return 0;
}
