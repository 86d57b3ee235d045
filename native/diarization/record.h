#pragma once

#include <cstdint>
#include <vector>

#include "diarization/blocks.h"
#include "diarization/piece_voices.h"
#include "diarization/timeline.h"

namespace hearken {

// What one window of the audio gave.
struct WindowResult {
  WindowClasses classes{};
  bool last = false;  // of the audio
  std::vector<Piece> pieces;
  std::vector<float>
      embeddings;  // [pieces][EmbeddingWeights::kDimensions], of any length; zeros for a piece without one
};

// What is kept of the audio until its speakers are found: of each window the classes of its centre as runs, its pieces,
// and their voices. About 400 bytes a piece: 1.2 MB for an hour of dense speech.
class Record {
 public:
  // Throws Error kInternal where the timeline makes no sense.
  explicit Record(const Timeline& timeline);

  // Windows come in order, from 0. Throws Error kOutOfMemory.
  void add(const WindowResult& window);
  // The audio had this many samples.
  void end(int64_t samples) { samples_ = samples; }

  const Timeline& timeline() const { return timeline_; }
  int64_t samples() const { return samples_; }
  int32_t windows() const { return static_cast<int32_t>(windows_.size()); }
  size_t pieces() const { return pieces_.size(); }
  const Piece& piece(size_t i) const { return pieces_[i]; }
  // The first of the window's pieces; that of window `windows()` is pieces().
  size_t firstPiece(int32_t window) const { return window == 0 ? 0 : windows_[window - 1].pieces; }
  const PieceVoices& voices() const { return voices_; }
  // The frames that the window decides; writes their classes, nothing else.
  FrameRange centre(int32_t window, WindowClasses& classes) const;

  int64_t byteSize() const { return windows_.byteSize() + runs_.byteSize() + pieces_.byteSize() + voices_.byteSize(); }

 private:
  struct Ends {  // behind the window's last piece and run
    uint32_t pieces, runs;
  };
  Timeline timeline_;
  int64_t samples_ = 0;
  bool ended_ = false;
  Blocks<Ends, 1024> windows_;
  Blocks<uint16_t, 2048> runs_;  // class and length
  Blocks<Piece, 1024> pieces_;
  PieceVoices voices_;
};

}  // namespace hearken
