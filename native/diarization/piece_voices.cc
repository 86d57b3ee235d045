#include "diarization/piece_voices.h"

#include <algorithm>
#include <cmath>

#include "diarization/vectors.h"

namespace hearken {

int64_t PieceVoices::leastBytes() {
  return decltype(voices_)::kBlockBytes;
}

void PieceVoices::append(const float* embedding, int clean) {
  constexpr float kScale = 32767;
  float unit[EmbeddingWeights::kDimensions];
  std::copy(embedding, embedding + EmbeddingWeights::kDimensions, unit);
  Voice voice{};
  voice.clean = static_cast<int16_t>(clean);
  voice.voiced = toUnit(unit) ? 1 : 0;
  for (int d = 0; d < EmbeddingWeights::kDimensions; ++d) {
    voice.values[d] = static_cast<int16_t>(std::lrint(unit[d] * kScale));
  }
  voices_.append(voice);
}

void PieceVoices::voice(size_t piece, float* unit) const {
  const auto& values = voices_[piece].values;
  std::copy(std::begin(values), std::end(values), unit);
  toUnit(unit);
}

}  // namespace hearken
