#include "chunk/cut_rules.h"

#include <algorithm>
#include <cmath>

namespace hearken {
namespace {

constexpr int64_t kFrame = static_cast<int64_t>(kSpeechFrame);

// What a cut is worth: between 0 and 1 for the pause, against the share of the window that it uses. The weight says
// that half a window is worth as much as the best pause is over the least one (chosen on data,
// bench/native/plan_eval.cc).
constexpr double kFillWeight = 1.5;
constexpr double kPauseScale = 0.5;  // seconds of pause that are worth 63 %
constexpr double kTailWeight = 2.0;
constexpr int64_t kLeastPause = 4 * kFrame;

double pauseWorth(int64_t length) {
  return 1.0 - std::exp(-static_cast<double>(length) / (kPauseScale * kSampleRate));
}

// Ends the chunk in mid-speech at `end`; the overlap is split where it is quietest, away from its edges, where a word
// may be cut.
Cut overlapCut(int64_t end, const CutLengths& lengths, const AudioWindow& audio) {
  Cut cut;
  cut.kind = ChunkEnd::kOverlap;
  cut.end = end;
  cut.resume = end - lengths.overlap;
  cut.owned = audio.quietest(cut.resume + lengths.overlap / 4, end - lengths.overlap / 4, 3 * kFrame);
  return cut;
}

}  // namespace

CutLengths::CutLengths(int64_t chunkSamples)
    : chunk(chunkSamples),
      padding(std::min<int64_t>(kSampleRate * 3 / 10, chunk / 8)),
      overlap(std::min<int64_t>(kSampleRate * 5 / 2, chunk / 4)),
      shortest(std::min<int64_t>(kSampleRate * 5, chunk / 6)),
      skipped(std::max(2 * padding, std::min<int64_t>(kSampleRate, chunk / 8))),
      maxSilence(3 * kSampleRate),
      ahead(std::min<int64_t>(kSampleRate * 10, chunk / 4)) {}

Cut cutAtPause(const SpeechRun& run, int64_t start, const CutLengths& lengths, const AudioWindow& audio) {
  const int64_t limit = start + lengths.chunk;
  const int64_t runEnd = run.regions.back().end;
  Cut cut;
  if (run.complete && runEnd <= limit) {
    cut.end = cut.owned = std::min({runEnd + lengths.padding, limit, audio.end()});
    return cut;
  }
  double best = -1e9;
  for (size_t i = 0; i < run.regions.size(); ++i) {
    const int64_t from = run.regions[i].end;
    if (from > limit) break;
    const bool lastOne = i + 1 == run.regions.size();
    const int64_t to = lastOne ? run.known : run.regions[i + 1].begin;
    if (to - from < kLeastPause || (from < start + lengths.chunk / 2 && to < limit)) continue;
    int64_t end, next;
    if (to - from > lengths.skipped) {
      end = std::min(from + lengths.padding, limit);
      next = to - lengths.padding;
    } else {
      const int64_t edge = std::min(lengths.padding, (to - from) / 3);
      end = next = std::min(audio.quietest(from + edge, to - edge, kFrame), limit);
    }
    const int64_t rest = runEnd - next;
    double worth = pauseWorth(to - from);
    // If the rest fits into one more chunk, two are needed wherever the cut is: only the pause counts then, and the
    // balance.
    if (!run.complete || rest > lengths.chunk) {
      worth += kFillWeight * static_cast<double>(next - start) / static_cast<double>(lengths.chunk);
    } else {
      worth += kFillWeight;
    }
    if (run.complete && rest < lengths.shortest) {
      worth -= kTailWeight * (1.0 - static_cast<double>(rest) / static_cast<double>(lengths.shortest));
    }
    if (worth >= best) {
      best = worth;
      cut.end = cut.owned = end;
    }
  }
  if (cut.end != 0) return cut;
  const bool sliver = run.complete && runEnd - (limit - lengths.overlap) < lengths.shortest + lengths.overlap;
  return overlapCut(sliver ? limit - lengths.shortest : limit, lengths, audio);
}

Cut cutAtQuiet(int64_t start, const CutLengths& lengths, const AudioWindow& audio) {
  const int64_t limit = start + lengths.chunk;
  Cut cut;
  if (audio.finished() && audio.end() <= limit) {
    cut.end = cut.owned = audio.end();
    return cut;
  }
  constexpr int64_t kWindow = 9 * kFrame;  // about 0.3 s
  constexpr float kPauseRatio = 0.03f;     // 15 dB below the chunk's mean
  constexpr float kSilence = 1e-7f;        // −70 dBFS
  constexpr double kTilt = 6.0;            // dB that a pause at the beginning of the later half must be quieter
  const int64_t latest =
      audio.finished() ? std::min(limit, std::max(audio.end() - lengths.shortest, start + lengths.chunk / 2)) : limit;
  const int64_t earliest = start + lengths.chunk / 2;
  const int64_t window = std::min<int64_t>(kWindow, lengths.chunk / 8);
  double best = 1e9;
  float power = 0;
  for (int64_t from = earliest; from + window <= latest; from += kFrame) {
    const float now = audio.power(from, from + window);
    const double level = 10 * std::log10(static_cast<double>(now) + 1e-10) +
                         kTilt * static_cast<double>(limit - from) / static_cast<double>(lengths.chunk / 2);
    if (level <= best) {
      best = level;
      power = now;
      cut.end = cut.owned = audio.quietest(from, from + window, kFrame);
    }
  }
  if (cut.end != 0 && power <= std::max(kSilence, kPauseRatio * audio.power(start, limit))) return cut;
  return overlapCut(latest, lengths, audio);
}

}  // namespace hearken
