#pragma once

#include <cstdint>
#include <vector>

#include "diarization/blocks.h"
#include "diarization/piece_voices.h"
#include "diarization/tracker.h"

namespace hearken {

// What is kept of the audio until its speakers are found: the pieces, when they are active, and their voices. About 420
// bytes a piece: 0.6 MB for an hour of dense speech.
class TrackRecord {
 public:
  // A piece as the tracker gave it, with its embedding (zeros: none). Throws Error kOutOfMemory.
  void add(const HeardPiece& heard, const float* embedding) { add(heard, embedding, pieces()); }
  // One without, of the same voice as another piece, which may be added later.
  void addLike(const HeardPiece& heard, size_t other);
  // The audio had this many samples.
  void end(int64_t samples) { samples_ = samples; }

  int64_t samples() const { return samples_; }
  const PieceVoices& voices() const { return voices_; }
  size_t pieces() const { return pieces_.size(); }
  const TrackPiece& piece(size_t i) const { return pieces_[i].piece; }
  // The piece whose voice it has: mostly itself.
  size_t like(size_t i) const { return pieces_[i].like; }

  // The stretches [begin, end) of frames where the piece is active.
  struct Run {
    int32_t begin, end;
  };
  void runs(size_t piece, std::vector<Run>& out) const;

  int64_t byteSize() const { return pieces_.byteSize() + runs_.byteSize() + voices_.byteSize(); }
  // Of the first piece, and of the pieces that an hour of dense speech has.
  static int64_t leastBytes();
  static constexpr int64_t kHourBytes = 600'000;

 private:
  struct Entry {
    TrackPiece piece;
    uint32_t runsEnd;  // behind its last one in runs_
    uint32_t like;
  };
  void add(const HeardPiece& heard, const float* embedding, size_t like);
  int64_t samples_ = 0;
  Blocks<Entry, 1024> pieces_;
  Blocks<uint16_t, 2048> runs_;  // per run where it begins, from the piece's begin, and its length
  PieceVoices voices_;
};

}  // namespace hearken
