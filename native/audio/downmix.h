#pragma once

#include <memory>
#include <vector>

#include "audio/decoder.h"

namespace hearken {

// One channel at the source's rate: the chosen channel, or the mean of all.
//
// A plain mean is silence where two channels carry the same in opposite phase. So each block of a quarter of a second
// has a sign for every channel: the sign is turned where the channel would cancel what the channels before it sum to
// (less than a fifth of the energy that the turned sum has). From the middle of a block to the middle of the next the
// signs fade into each other. This depends only on the samples around a place, so it is the same in a file, a stream,
// and after a seek; and for channels that don't cancel it is the plain mean, bit for bit.
class Mono {
 public:
  // Throws kInvalidArg if `channel` is not there (-1: the mean).
  Mono(std::unique_ptr<Decoder> decoder, int channel);
  const DecoderFormat& format() const { return decoder_->format(); }
  // Finite samples; fewer than n only at the end.
  size_t read(float* out, size_t n, CancelToken& cancel);
  void seek(int64_t frame, CancelToken& cancel);

 private:
  struct Block {
    std::vector<float> samples;  // interleaved
    std::vector<float> signs;
    size_t frames = 0;
  };
  size_t readOne(float* out, size_t n, CancelToken& cancel);
  void load(Block& block, CancelToken& cancel);
  void findSigns(Block& block);
  void start(CancelToken& cancel);
  void advance(CancelToken& cancel);
  void mix(const Block& block);

  std::unique_ptr<Decoder> decoder_;
  int channel_;
  size_t channels_;
  size_t blockFrames_;
  Block current_, next_;
  std::vector<float> before_;  // the signs of the block before
  std::vector<float> mixed_;   // the current block as mono
  std::vector<double> gram_;
  size_t taken_ = 0;  // of mixed_
  bool started_ = false;
  bool first_ = true;  // the decoder stands at the source's start: there is no block before
  Allocation allocation_;
};

}  // namespace hearken
