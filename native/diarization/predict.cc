#include "diarization/predict.h"

#include "chunk/silero_net.h"
#include "diarization/channel_stream.h"
#include "diarization/embedding_weights.h"
#include "diarization/gguf_file.h"
#include "diarization/segmentation_weights.h"
#include "diarization/stream.h"

namespace hearken {
namespace {

// Both nets have one shape each, which their loaders insist on, and are laid out in float32 whatever the file holds: so
// the sums below follow the loaders (segmentation_weights.cc, embedding_weights.cc), not the files.

int64_t segmentationBytes() {
  using Sinc = SincNetWeights;
  using Lstm = LstmWeights;
  using Impl = SegmentationWeights::Impl;
  constexpr int kEven = Sinc::kFilters / 2;
  int64_t sum = PackedMatrix::bytesFor(kEven, Sinc::kHalf + 1) +
                PackedMatrix::bytesFor(Sinc::kFilters - kEven, Sinc::kHalf) +
                PackedMatrix::bytesFor(Sinc::kChannels, Sinc::kFilters * Sinc::kKernel) +
                PackedMatrix::bytesFor(Sinc::kChannels, Sinc::kChannels * Sinc::kKernel);
  for (int layer = 0; layer < Impl::kLayers; ++layer) {
    const int inputs = layer == 0 ? Sinc::kChannels : Lstm::kOutputs;
    sum += Lstm::kDirections *
           (PackedColumns::bytesFor(Lstm::kGates, inputs) + PackedColumns::bytesFor(Lstm::kGates, Lstm::kHidden));
  }
  return sum + PackedColumns::bytesFor(Impl::kLinear, Lstm::kOutputs) +
         PackedColumns::bytesFor(Impl::kLinear, Impl::kLinear) +
         PackedColumns::bytesFor(SegmentationShape::kClasses, Impl::kLinear);
}

constexpr int64_t floats(int64_t count) {
  return count * static_cast<int64_t>(sizeof(float));
}

// Scale and shift of a batch norm.
constexpr int64_t normBytes(int channels) {
  return floats(int64_t{2} * channels);
}

// A matrix for a single column, and its bias.
constexpr int64_t columnBytes(int rows, int depth) {
  return floats(int64_t{rows} * (depth + 1));
}

int64_t embeddingBytes() {
  using Impl = EmbeddingWeights::Impl;
  constexpr int kBins = Impl::kBins, kHead = Impl::kHead;
  const int64_t square = WinogradConvolution::bytesFor(1), strided = WinogradConvolution::bytesFor(2);
  const int64_t stage = strided + 3 * square + PackedMatrix::bytesFor(kHead, kHead);
  int64_t sum = PackedMatrix::bytesFor(kHead, 9) + 2 * stage + strided +
                PackedMatrix::bytesFor(Impl::kTdnn, Impl::kTdnnTaps * kBins / 8 * kHead);
  for (int block = 0; block < Impl::kBlocks; ++block) {
    for (int i = 0; i < Impl::kLayers[block]; ++i) {
      const int channels = Impl::channelsInto(block) + i * Impl::kGrowth;
      sum += normBytes(channels) + PackedMatrix::bytesFor(Impl::kBottleneck, channels) +
             PackedMatrix::bytesFor(Impl::kGrowth, Impl::kBottleneck * Impl::kLocalTaps) +
             columnBytes(Impl::kContext, Impl::kBottleneck) + columnBytes(Impl::kGrowth, Impl::kContext);
    }
    const int channels = Impl::channelsOf(block);
    sum += normBytes(channels) + PackedMatrix::bytesFor(Impl::kTransits[block], channels);
  }
  return sum + columnBytes(EmbeddingWeights::kDimensions, 2 * Impl::kTrunk);
}

}  // namespace

DiarizerMemory predictDiarizer(const std::string& segmentation, const std::string& embedding,
                               const FrameQueue::Format& format) {
  GgufFile(segmentation).requireArchitecture("pyannote-segmentation");
  GgufFile(embedding).requireArchitecture("campplus");
  DiarizerMemory memory;
  memory.weightBytes = segmentationBytes() + embeddingBytes();
  // All of it grows with the threads by as much for each one.
  const auto session = [](int threads) {
    StreamOptions options;
    options.threads = threads;
    return DiarizationStream::bytesFor(options);
  };
  const int64_t one = session(1);
  memory.threadBytes = session(2) - one;
  memory.sessionBytes = one - memory.threadBytes + TrackRecord::leastBytes();
  memory.hourBytes = TrackRecord::kHourBytes;
  memory.channelSessionBytes =
      ChannelStream::bytesFor(format) + SileroWeights::kBytes + format.channels * SileroNet::bytes();
  return memory;
}

}  // namespace hearken
