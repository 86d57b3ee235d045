#pragma once

#include <memory>

#include "core/cancel.h"
#include "diarization/gguf_file.h"

namespace hearken {

// CAM++ (zh-en, 192 dimensions): the voice in a stretch of speech as a vector; voices are compared by its cosine.
class EmbeddingWeights {
 public:
  static constexpr int kDimensions = 192;
  explicit EmbeddingWeights(const GgufFile& file);  // throws Error kModelFormat
  ~EmbeddingWeights();
  int64_t bytes() const;
  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// One thread's buffers, for `mostFrames` frames at a time (at most kLongestFrames): some 20 kB a frame.
class EmbeddingNet {
 public:
  static constexpr int kLeastFrames = 20, kMostFrames = 400, kLongestFrames = 1000;
  // fbank[frames][80] of one speaker's speech (frames may be picked from several places); the mean over them is
  // subtracted by the net. embedding[192] is written, raw: not of unit length.
  struct Piece {
    const float* fbank;
    int frames;  // kLeastFrames … mostFrames
    float* embedding;
  };
  explicit EmbeddingNet(std::shared_ptr<const EmbeddingWeights> weights, int mostFrames = kMostFrames);
  ~EmbeddingNet();
  // Short pieces are computed side by side, as many as the buffers hold: the more at once, the less each costs. A
  // piece's embedding does not depend on the others, to the bit.
  void run(const Piece* pieces, size_t count, CancelToken& cancel);
  void run(const float* fbank, int frames, float* embedding, CancelToken& cancel) {
    const Piece piece{fbank, frames, embedding};
    run(&piece, 1, cancel);
  }
  int64_t bytes() const;
  static int64_t bytesFor(int mostFrames = kMostFrames);  // before there is one

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearken
