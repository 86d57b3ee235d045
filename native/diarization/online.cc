#include "diarization/online.h"

#include <algorithm>
#include <tuple>

#include "diarization/vectors.h"

namespace hearken {
namespace {

constexpr int kDimensions = EmbeddingWeights::kDimensions;

}  // namespace

// Lets the window's longer pieces make and move voices.
void OnlineSpeakers::hear(const WindowResult& window, const std::vector<float>& units) {
  for (size_t i = 0; i < window.pieces.size(); ++i) {
    const Piece& piece = window.pieces[i];
    const float* unit = &units[i * kDimensions];
    if (piece.cleanSeconds() < options_.trainSeconds || dot(unit, unit) == 0) continue;
    int nearest = -1;
    float most = 0;
    for (int v = 0; v < voices_.count(); ++v) {
      const float score = dot(unit, voices_[v]);
      if (nearest < 0 || score > most) {
        most = score;
        nearest = v;
      }
    }
    const bool room = options_.maxSpeakers <= 0 || voices_.count() < options_.maxSpeakers;
    if (nearest < 0 || (most < options_.least && room)) {
      const std::vector<float> none(kDimensions);
      nearest = sums_.append(none.data());
      voices_.append(none.data());
    }
    addScaled(unit, piece.clean, sums_[nearest]);
    std::copy(sums_[nearest], sums_[nearest] + kDimensions, voices_[nearest]);
    toUnit(voices_[nearest]);
  }
}

std::vector<Turn> OnlineSpeakers::add(const WindowResult& window, int64_t samples) {
  std::vector<float> units = window.embeddings;
  for (size_t i = 0; i < window.pieces.size(); ++i) toUnit(&units[i * kDimensions]);
  hear(window, units);
  // As long as there is no voice, all is speaker 0: the first voice will be.
  std::vector<int> labels(window.pieces.size(), 0);
  if (voices_.count() > 0) labels = assignPieces(window.pieces, units, voices_, options_.smoothSeconds);

  const FrameRange centre = centreOf(timeline_, window_, window.last);
  const int64_t first = firstFrame(timeline_, window_);
  const int begin = static_cast<int>(std::max<int64_t>(centre.begin, nextFrame_ - first));
  // Each speaker's active frames, of whatever slot, as runs.
  std::vector<Turn> turns;
  const int speakers = std::max(voices_.count(), 1);
  std::vector<bool> active(SegmentationShape::kFrames + 1);
  for (int speaker = 0; speaker < speakers; ++speaker) {
    std::fill(active.begin(), active.end(), false);
    for (size_t i = 0; i < window.pieces.size(); ++i) {
      if (labels[i] != speaker) continue;
      const Piece& piece = window.pieces[i];
      for (int frame = std::max<int>(piece.begin, begin); frame < std::min<int>(piece.end, centre.end); ++frame) {
        if (activeSlots(window.classes[frame]) >> piece.slot & 1) active[frame] = true;
      }
    }
    for (int frame = begin; frame < centre.end; ++frame) {
      if (!active[frame]) continue;
      const int from = frame;
      while (active[frame]) ++frame;
      const Turn turn{frameBegin(first + from), std::min(frameBegin(first + frame), samples), speaker};
      if (turn.begin < turn.end) turns.push_back(turn);
    }
  }
  std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
    return std::tie(a.begin, a.end, a.speaker) < std::tie(b.begin, b.end, b.speaker);
  });
  ++window_;
  nextFrame_ = std::max(nextFrame_, first + centre.end);
  decided_ = window.last ? samples : frameBegin(nextFrame_);
  return turns;
}

}  // namespace hearken
