#include "diarization/piece.h"

#include <algorithm>

#include "diarization/embedding.h"
#include "diarization/fbank.h"

namespace hearken {
namespace {

using Shape = SegmentationShape;

// A frame of the net hears 991 samples, those of the filter bank 400: both are placed by their centres, in half samples
// so that all is exact.
constexpr int64_t kFieldOfFrame = 991;

int64_t divideDown(int64_t a, int64_t b) {
  return a >= 0 ? a / b : -((b - 1 - a) / b);
}

// round(a / b) for odd a and even b, where nothing lies halfway.
int64_t divideRound(int64_t a, int64_t b) {
  return divideDown(2 * a + b, 2 * b);
}

// The frame of the filter bank that is nearest to one of the net, and the other way round.
int64_t nearestOfFbank(int64_t frame) {
  return divideRound(kFieldOfFrame - Fbank::kFrame + 2 * Shape::kStep * frame, 2 * Fbank::kShift);
}
int64_t nearestOfNet(int64_t fbankFrame) {
  return divideRound(2 * Fbank::kShift * fbankFrame - (kFieldOfFrame - Fbank::kFrame), 2 * Shape::kStep);
}

}  // namespace

void pickFrames(const Timeline& timeline, const HeardPiece& heard, std::vector<int64_t>& fbankFrames) {
  fbankFrames.clear();
  const TrackPiece& piece = heard.piece;
  const uint8_t bit = piece.cleanSeconds() >= timeline.enoughClean ? HeardPiece::kAlone : HeardPiece::kActive;
  const auto speech = std::count_if(heard.frames.begin(), heard.frames.end(), [&](uint8_t f) { return f & bit; });
  if (static_cast<double>(speech) * kFrameSeconds < timeline.shortest) return;
  const int64_t end = nearestOfFbank(piece.end - 1) + 1;
  for (int64_t j = std::max<int64_t>(nearestOfFbank(piece.begin), 0); j < end; ++j) {
    const int64_t frame = std::clamp<int64_t>(nearestOfNet(j), piece.begin, piece.end - 1);
    if (heard.frames[static_cast<size_t>(frame - piece.begin)] & bit) fbankFrames.push_back(j);
  }
  if (fbankFrames.size() < EmbeddingNet::kLeastFrames) fbankFrames.clear();
}

}  // namespace hearken
