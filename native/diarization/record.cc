#include "diarization/record.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "diarization/fbank.h"

namespace hearken {
namespace {

constexpr int kLengthBits = 12;  // of a run; the class above them
static_assert(SegmentationShape::kFrames < 1 << kLengthBits, "a run may be a whole window");

}  // namespace

Record::Record(const Timeline& timeline) : timeline_(timeline) {
  if (timeline.hop <= 0 || timeline.hop > SegmentationShape::kWindow || timeline.hop % Fbank::kShift != 0) {
    throw Error(codes::kInternal, "diarization windows " + std::to_string(timeline.hop) +
                                      " samples apart: needs a multiple of 160 up to the window's length");
  }
}

void Record::add(const WindowResult& window) {
  const int32_t index = windows();
  if (window.embeddings.size() != window.pieces.size() * EmbeddingWeights::kDimensions || ended_) {
    throw Error(codes::kInternal, "window " + std::to_string(index) +
                                      " of the diarization record: it comes after the last one, or its embeddings "
                                      "do not match its pieces");
  }
  const FrameRange centre = centreOf(timeline_, index, window.last);
  for (int begin = centre.begin; begin < centre.end;) {
    int end = begin + 1;
    while (end < centre.end && window.classes[end] == window.classes[begin]) ++end;
    runs_.append(static_cast<uint16_t>(window.classes[begin] << kLengthBits | (end - begin)));
    begin = end;
  }
  const float* embedding = window.embeddings.data();
  for (const Piece& piece : window.pieces) {
    pieces_.append(piece);
    voices_.append(embedding, piece.clean);
    embedding += EmbeddingWeights::kDimensions;
  }
  windows_.append({static_cast<uint32_t>(pieces_.size()), static_cast<uint32_t>(runs_.size())});
  ended_ = window.last;
}

FrameRange Record::centre(int32_t window, WindowClasses& classes) const {
  const FrameRange range = centreOf(timeline_, window, ended_ && window == windows() - 1);
  int frame = range.begin;
  for (size_t run = window == 0 ? 0 : windows_[window - 1].runs; run < windows_[window].runs; ++run) {
    const uint16_t packed = runs_[run];
    const int length = packed & ((1 << kLengthBits) - 1);
    std::fill_n(classes.begin() + frame, length, static_cast<uint8_t>(packed >> kLengthBits));
    frame += length;
  }
  return range;
}

}  // namespace hearken
