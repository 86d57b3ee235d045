#include "diarization/online_tracks.h"

#include <algorithm>

#include "diarization/vectors.h"

namespace hearken {
namespace {

constexpr int kDimensions = EmbeddingWeights::kDimensions;
constexpr int64_t kMemory = 4000;  // frames (over a minute) that a track's voice is kept for its short pieces

}  // namespace

int OnlineTracks::nearest(const std::vector<double>& scores, const std::vector<bool>& taken) const {
  int best = -1;
  for (int v = 0; v < voices_.count(); ++v) {
    if (!taken[v] && (best < 0 || scores[v] > scores[best])) best = v;
  }
  return best;
}

void OnlineTracks::hear(int speaker, const float* unit, float weight) {
  addScaled(unit, weight, sums_[speaker]);
  std::copy(sums_[speaker], sums_[speaker] + kDimensions, voices_[speaker]);
  toUnit(voices_[speaker]);
}

std::vector<Turn> OnlineTracks::add(const HeardPiece& heard, const float* embedding, int64_t samples, bool own) {
  const TrackPiece& piece = heard.piece;
  std::vector<float> unit(embedding, embedding + kDimensions);
  const bool voiced = toUnit(unit.data());
  auto track =
      std::find_if(tracks_.begin(), tracks_.end(), [&](const TrackVoice& t) { return t.track == piece.track; });
  if (track == tracks_.end()) track = tracks_.insert(track, {piece.track, 0, std::vector<float>(kDimensions)});
  track->until = std::max<int64_t>(track->until, piece.end);
  if (voiced && own) addScaled(unit.data(), piece.clean, track->sum.data());
  std::vector<float> mean = track->sum;
  const bool directed = toUnit(mean.data());

  const bool trains = voiced && own && piece.cleanSeconds() >= options_.trainSeconds;
  int speaker = last_;
  if (voices_.count() > 0 && (voiced || directed)) {
    std::vector<bool> taken(voices_.count());  // by who speaks at the same time
    for (const auto& given : recent_) {
      const int shared = std::min(given.piece.end, piece.end) - std::max(given.piece.begin, piece.begin);
      if (given.piece.track != piece.track && shared >= kTogether && given.speaker < voices_.count()) {
        taken[given.speaker] = piece.clean < piece.end - piece.begin;
      }
    }
    const auto scores = scoreVoices(unit.data(), piece.cleanSeconds(), directed ? mean.data() : nullptr, voices_,
                                    options_.smoothSeconds);
    const auto free = nearest(scores, taken);
    speaker = free >= 0 ? free : bestVoice(scores);
  }
  if (trains) {
    const bool room = options_.maxSpeakers <= 0 || voices_.count() < options_.maxSpeakers;
    const bool far = voices_.count() > 0 && dot(unit.data(), voices_[speaker]) < options_.least;
    if (voices_.count() == 0 || (far && room)) {
      const std::vector<float> none(kDimensions);
      sums_.append(none.data());
      speaker = voices_.append(none.data());
    }
    hear(speaker, unit.data(), piece.clean);
  }
  last_ = speaker;
  recent_.push_back({piece, speaker});

  std::vector<Turn> turns;
  for (size_t begin = 0; begin < heard.frames.size(); ++begin) {
    if (!(heard.frames[begin] & HeardPiece::kActive)) continue;
    size_t end = begin + 1;
    while (end < heard.frames.size() && heard.frames[end] & HeardPiece::kActive) ++end;
    const Turn turn{frameBegin(piece.begin + static_cast<int64_t>(begin)),
                    std::min(frameBegin(piece.begin + static_cast<int64_t>(end)), samples), speaker};
    if (turn.begin < turn.end) turns.push_back(turn);
    begin = end;
  }
  return turns;
}

void OnlineTracks::decided(int64_t frame) {
  recent_.erase(std::remove_if(recent_.begin(), recent_.end(), [&](const Given& g) { return g.piece.end <= frame; }),
                recent_.end());
  tracks_.erase(
      std::remove_if(tracks_.begin(), tracks_.end(), [&](const TrackVoice& t) { return t.until + kMemory < frame; }),
      tracks_.end());
}

}  // namespace hearken
