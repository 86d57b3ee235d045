#include "diarization/track_record.h"

namespace hearken {

int64_t TrackRecord::leastBytes() {
  return decltype(pieces_)::kBlockBytes + decltype(runs_)::kBlockBytes + PieceVoices::leastBytes();
}

void TrackRecord::addLike(const HeardPiece& heard, size_t other) {
  const float none[EmbeddingWeights::kDimensions] = {};
  add(heard, none, other);
}

void TrackRecord::add(const HeardPiece& heard, const float* embedding, size_t like) {
  const auto& frames = heard.frames;
  for (size_t begin = 0; begin < frames.size();) {
    if (!(frames[begin] & HeardPiece::kActive)) {
      ++begin;
      continue;
    }
    size_t end = begin + 1;
    while (end < frames.size() && frames[end] & HeardPiece::kActive) ++end;
    runs_.append(static_cast<uint16_t>(begin));
    runs_.append(static_cast<uint16_t>(end - begin));
    begin = end;
  }
  voices_.append(embedding, heard.piece.clean);
  pieces_.append({heard.piece, static_cast<uint32_t>(runs_.size()), static_cast<uint32_t>(like)});
}

void TrackRecord::runs(size_t piece, std::vector<Run>& out) const {
  out.clear();
  const int32_t origin = pieces_[piece].piece.begin;
  for (size_t i = piece == 0 ? 0 : pieces_[piece - 1].runsEnd; i < pieces_[piece].runsEnd; i += 2) {
    const int32_t begin = origin + runs_[i];
    out.push_back({begin, begin + runs_[i + 1]});
  }
}

}  // namespace hearken
