// cluster() for tracks.
#include "diarization/cluster.h"

#include <algorithm>
#include <tuple>

#include "diarization/vectors.h"

namespace hearken {
namespace {

constexpr int kDimensions = EmbeddingWeights::kDimensions;
using Run = TrackRecord::Run;

// The mean voice of each track that has a piece which leans on it, weighted by clean speech.
class TrackMeans {
 public:
  TrackMeans(const TrackRecord& record, double smoothSeconds) {
    for (size_t i = 0; i < record.pieces(); ++i) {
      if (record.piece(i).cleanSeconds() < smoothSeconds) tracks_.push_back(record.piece(i).track);
    }
    std::sort(tracks_.begin(), tracks_.end());
    tracks_.erase(std::unique(tracks_.begin(), tracks_.end()), tracks_.end());
    means_.resize(tracks_.size() * kDimensions);
    float unit[kDimensions];
    for (size_t i = 0; i < record.pieces(); ++i) {
      if (float* mean = find(record.piece(i).track)) {
        record.voices().voice(i, unit);
        addScaled(unit, record.piece(i).clean, mean);
      }
    }
    for (size_t t = 0; t < tracks_.size(); ++t) directed_.push_back(toUnit(&means_[t * kDimensions]));
  }
  // At length 1; null where there is none.
  const float* operator[](int32_t track) {
    const float* mean = find(track);
    return mean && directed_[static_cast<size_t>(mean - means_.data()) / kDimensions] ? mean : nullptr;
  }

 private:
  float* find(int32_t track) {
    const auto place = std::lower_bound(tracks_.begin(), tracks_.end(), track);
    if (place == tracks_.end() || *place != track) return nullptr;
    return &means_[static_cast<size_t>(place - tracks_.begin()) * kDimensions];
  }
  std::vector<int32_t> tracks_;
  std::vector<float> means_;
  std::vector<bool> directed_;
};

int sharedFrames(const std::vector<Run>& a, const std::vector<Run>& b) {
  int shared = 0;
  for (const auto& x : a) {
    for (const auto& y : b) shared += std::max(0, std::min(x.end, y.end) - std::max(x.begin, y.begin));
  }
  return shared;
}

}  // namespace

ClusterResult cluster(const TrackRecord& record, const ClusterOptions& options, CancelToken& cancel) {
  ClusterResult result;
  result.labels.assign(record.pieces(), 0);
  result.voices = findVoices(record.voices(), options, cancel);
  result.speakers = result.voices.count();
  if (result.speakers == 0) return result;

  TrackMeans means(record, options.smoothSeconds);
  std::vector<size_t> order;  // without those that go with another
  for (size_t i = 0; i < record.pieces(); ++i) {
    if (record.like(i) == i) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const auto &x = record.piece(a), &y = record.piece(b);
    return std::tie(x.begin, x.end, x.track) < std::tie(y.begin, y.end, y.track);
  });
  // In order of time, with the scores of the pieces that others may still overlap.
  std::vector<std::vector<double>> scores(record.pieces());
  float unit[kDimensions];
  const auto score = [&](size_t i) {
    if (!scores[i].empty()) return;
    const TrackPiece& piece = record.piece(i);
    record.voices().voice(i, unit);
    scores[i] = scoreVoices(unit, piece.cleanSeconds(), means[piece.track], result.voices, options.smoothSeconds);
    result.labels[i] = bestVoice(scores[i]);
  };
  std::vector<Run> runs, others;
  for (size_t x = 0; x < order.size(); ++x) {
    const size_t a = order[x];
    const TrackPiece& piece = record.piece(a);
    score(a);
    if (x % 1024 == 0) cancel.throwIfCancelled();
    for (size_t y = x + 1; y < order.size() && result.speakers > 1; ++y) {
      const size_t b = order[y];
      const TrackPiece& other = record.piece(b);
      if (other.begin >= piece.end) break;
      if (other.track == piece.track) continue;
      score(b);
      if (result.labels[a] != result.labels[b] || std::min(piece.end, other.end) - other.begin < kTogether) continue;
      record.runs(a, runs);
      record.runs(b, others);
      if (sharedFrames(runs, others) >= kTogether) keepApart(a, b, scores, result.labels);
    }
    std::vector<double>().swap(scores[a]);
  }
  for (size_t i = 0; i < record.pieces(); ++i) result.labels[i] = result.labels[record.like(i)];
  return result;
}

}  // namespace hearken
