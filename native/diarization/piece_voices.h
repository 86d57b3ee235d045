#pragma once

#include <array>
#include <cstdint>

#include "diarization/blocks.h"
#include "diarization/embedding.h"
#include "diarization/timeline.h"

namespace hearken {

// A voice as a unit vector of 16-bit numbers; all 0 if it has no direction (zeros, not finite).
using VoiceNumbers = std::array<int16_t, EmbeddingWeights::kDimensions>;
bool toNumbers(const float* embedding, VoiceNumbers& out);

// The voices of a growing list of pieces: unit vectors of 16-bit numbers (cosines change by less than 1e-5), and how
// much clean speech each is made from. 388 bytes a piece.
class PieceVoices {
 public:
  // embedding[kDimensions] of any length; one without direction (zeros, not finite) counts as none. `clean` in frames.
  void append(const float* embedding, int clean);

  size_t size() const { return voices_.size(); }
  int clean(size_t piece) const { return voices_[piece].clean; }
  double cleanSeconds(size_t piece) const { return clean(piece) * kFrameSeconds; }
  // Whether the piece has an embedding, and the unit vector (zeros where not).
  bool voiced(size_t piece) const { return voices_[piece].voiced != 0; }
  void voice(size_t piece, float* unit) const;

  int64_t byteSize() const { return voices_.byteSize(); }
  static int64_t leastBytes();  // of a list that is not empty

 private:
  struct Voice {
    VoiceNumbers values;
    int16_t clean;
    int16_t voiced;
  };
  Blocks<Voice, 256> voices_;
};

}  // namespace hearken
