#include "diarization/timeline.h"

#include <algorithm>
#include <cmath>

#include "diarization/embedding.h"
#include "diarization/fbank.h"

namespace hearken {
namespace {

using Shape = SegmentationShape;

constexpr double kFrameSeconds = Shape::kStep / 16000.0;

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

}  // namespace

int64_t windowCount(const Timeline& timeline, int64_t samples) {
  if (samples <= 0) return 0;
  if (samples <= Shape::kWindow) return 1;
  return 1 + (samples - Shape::kWindow + timeline.hop - 1) / timeline.hop;
}

FrameRange centreOf(const Timeline& timeline, int32_t window, bool last) {
  FrameRange range;
  range.begin = window == 0 ? 0 : static_cast<int>((Shape::kWindow - timeline.hop) / (2 * Shape::kStep));
  const auto end = static_cast<int>((Shape::kWindow + timeline.hop) / (2 * Shape::kStep)) + 1;
  range.end = last ? Shape::kFrames : std::min(end, Shape::kFrames);
  return range;
}

int64_t firstFrame(const Timeline& timeline, int32_t window) {
  const int64_t sample = window * timeline.hop;
  const int64_t frame = sample / Shape::kStep, rest = 2 * (sample % Shape::kStep) - Shape::kStep;
  return frame + (rest > 0 || (rest == 0 && frame % 2 == 1) ? 1 : 0);  // halves go to the even frame
}

std::vector<Piece> cutPieces(const Timeline& timeline, int32_t window, const WindowClasses& classes, bool last) {
  const FrameRange centre = centreOf(timeline, window, last);
  const int bridge = static_cast<int>(timeline.bridge / kFrameSeconds);
  std::vector<Piece> pieces;
  for (int slot = 0; slot < kSlots; ++slot) {
    const unsigned bit = 1u << slot;
    const auto active = [&](int frame) { return (activeSlots(classes[frame]) & bit) != 0; };
    for (int begin = 0; begin < Shape::kFrames; ++begin) {
      if (!active(begin)) continue;
      int end = begin + 1;  // behind the last active frame
      for (int frame = end; frame < Shape::kFrames && frame - end <= bridge; ++frame) {
        if (active(frame)) end = frame + 1;
      }
      const int length = end - begin;
      const int parts = std::max(1, static_cast<int>(std::ceil(length * kFrameSeconds / timeline.longest)));
      for (int part = 0; part < parts; ++part) {
        Piece piece;
        piece.window = window;
        piece.slot = static_cast<int16_t>(slot);
        piece.begin = static_cast<int16_t>(begin + length * part / parts);
        piece.end = static_cast<int16_t>(begin + length * (part + 1) / parts);
        if (piece.end <= centre.begin || piece.begin >= centre.end) continue;
        for (int frame = piece.begin; frame < piece.end; ++frame) piece.clean += activeSlots(classes[frame]) == bit;
        pieces.push_back(piece);
      }
      begin = end;
    }
  }
  return pieces;
}

void nearestFbankFrames(int64_t begin, int64_t end, const std::function<bool(int64_t frame)>& wanted,
                        std::vector<int64_t>& fbankFrames) {
  fbankFrames.clear();
  const auto nearest = [](int64_t frame) {
    return divideRound(kFieldOfFrame - Fbank::kFrame + 2 * Shape::kStep * frame, 2 * Fbank::kShift);
  };
  const auto back = [](int64_t j) {
    return divideRound(2 * Fbank::kShift * j - (kFieldOfFrame - Fbank::kFrame), 2 * Shape::kStep);
  };
  const int64_t from = std::max<int64_t>(nearest(begin), 0), to = nearest(end - 1);
  for (int64_t j = from; j <= to; ++j) {
    if (wanted(std::clamp(back(j), begin, end - 1))) fbankFrames.push_back(j);
  }
}

void pickFrames(const Timeline& timeline, const Piece& piece, const WindowClasses& classes,
                std::vector<int>& fbankFrames) {
  fbankFrames.clear();
  const unsigned bit = 1u << piece.slot;
  const bool cleanOnly = piece.cleanSeconds() >= timeline.enoughClean;
  const auto wanted = [&](int64_t frame) {
    const unsigned slots = activeSlots(classes[static_cast<size_t>(frame)]);
    return cleanOnly ? slots == bit : (slots & bit) != 0;
  };
  int speech = 0;
  for (int frame = piece.begin; frame < piece.end; ++frame) speech += wanted(frame);
  if (speech * kFrameSeconds < timeline.shortest) return;
  std::vector<int64_t> frames;
  nearestFbankFrames(piece.begin, piece.end, wanted, frames);
  if (frames.size() >= EmbeddingNet::kLeastFrames) fbankFrames.assign(frames.begin(), frames.end());
}

}  // namespace hearken
