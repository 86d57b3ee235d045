#pragma once

#include <cstddef>
#include <vector>

#include "core/cancel.h"
#include "diarization/embedding.h"
#include "diarization/fbank.h"

namespace hearken {

// The voice of one channel: the mean of what its first 30 s of clean speech sound like, piece by piece. Holds no more
// than one piece.
class ChannelVoice {
 public:
  // The channel's next samples, a whole detector's frame; `clean`: its speaker speaks, and nobody else.
  void hear(const float* samples, size_t count, bool clean, const Fbank& fbank, EmbeddingNet& net, CancelToken& cancel);
  // There is no more.
  void finish(const Fbank& fbank, EmbeddingNet& net, CancelToken& cancel) { endStretch(fbank, net, cancel); }
  // The voice so far as a unit vector; empty where there was too little speech.
  std::vector<float> voice(EmbeddingNet& net, CancelToken& cancel) const;

 private:
  void endStretch(const Fbank& fbank, EmbeddingNet& net, CancelToken& cancel);
  std::vector<float> stretch_;  // samples of the clean speech that goes on
  std::vector<float> bins_;     // the filter bank's frames that are not in sum_ yet
  std::vector<float> sum_;      // of the pieces' unit vectors
  size_t frames_ = 0;           // taken altogether
};

}  // namespace hearken
