#include "diarization/channel_voice.h"

#include "core/counters.h"
#include "diarization/vectors.h"

namespace hearken {
namespace {

constexpr size_t kPieceFrames = 300;                           // 3 s of them
constexpr size_t kEnoughFrames = 3000;                         // of clean speech to know a voice by
constexpr size_t kLeastSamples = 8000;                         // a shorter stretch is a breath or half a word
constexpr size_t kMostSamples = kPieceFrames * Fbank::kShift;  // looked at in one go
constexpr size_t kBins = Fbank::kBins;

void add(const float* bins, size_t frames, EmbeddingNet& net, CancelToken& cancel, std::vector<float>& sum) {
  float piece[EmbeddingWeights::kDimensions];
  net.run(bins, static_cast<int>(frames), piece, cancel);
  ++Counters::instance().embedded;
  if (!toUnit(piece)) return;
  sum.resize(EmbeddingWeights::kDimensions);
  addScaled(piece, static_cast<float>(frames), sum.data());
}

}  // namespace

void ChannelVoice::hear(const float* samples, size_t count, bool clean, const Fbank& fbank, EmbeddingNet& net,
                        CancelToken& cancel) {
  if (frames_ >= kEnoughFrames) return;
  if (clean) stretch_.insert(stretch_.end(), samples, samples + count);
  if (!clean || stretch_.size() >= kMostSamples) endStretch(fbank, net, cancel);
}

void ChannelVoice::endStretch(const Fbank& fbank, EmbeddingNet& net, CancelToken& cancel) {
  if (stretch_.size() >= kLeastSamples) {
    const size_t frames = (stretch_.size() - Fbank::kFrame) / Fbank::kShift + 1, before = bins_.size();
    bins_.resize(before + frames * kBins);
    fbank.compute(stretch_.data(), frames, bins_.data() + before);
    frames_ += frames;
  }
  stretch_.clear();
  while (bins_.size() >= kPieceFrames * kBins) {
    add(bins_.data(), kPieceFrames, net, cancel, sum_);
    bins_.erase(bins_.begin(), bins_.begin() + kPieceFrames * kBins);
  }
}

std::vector<float> ChannelVoice::voice(EmbeddingNet& net, CancelToken& cancel) const {
  std::vector<float> sum = sum_;
  const size_t left = bins_.size() / kBins;
  if (left >= EmbeddingNet::kLeastFrames) add(bins_.data(), left, net, cancel, sum);
  if (!sum.empty() && !toUnit(sum.data())) sum.clear();
  return sum;
}

}  // namespace hearken
