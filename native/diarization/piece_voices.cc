#include "diarization/piece_voices.h"

#include <algorithm>
#include <cmath>

#include "diarization/vectors.h"

namespace hearken {

int64_t PieceVoices::leastBytes() {
  return decltype(voices_)::kBlockBytes;
}

bool toNumbers(const float* embedding, VoiceNumbers& out) {
  constexpr float kScale = 32767;
  float unit[EmbeddingWeights::kDimensions];
  std::copy(embedding, embedding + EmbeddingWeights::kDimensions, unit);
  const bool directed = toUnit(unit);
  for (size_t d = 0; d < out.size(); ++d) out[d] = static_cast<int16_t>(std::lrint(unit[d] * kScale));
  return directed;
}

void PieceVoices::append(const float* embedding, int clean) {
  Voice voice{};
  voice.clean = static_cast<int16_t>(clean);
  voice.voiced = toNumbers(embedding, voice.values) ? 1 : 0;
  voices_.append(voice);
}

void PieceVoices::voice(size_t piece, float* unit) const {
  const auto& values = voices_[piece].values;
  std::copy(std::begin(values), std::end(values), unit);
  toUnit(unit);
}

}  // namespace hearken
