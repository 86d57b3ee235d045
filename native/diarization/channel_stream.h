#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "chunk/silero_weights.h"
#include "diarization/channel_reader.h"
#include "diarization/channel_turns.h"
#include "diarization/channel_voice.h"
#include "diarization/frame_queue.h"
#include "diarization/model.h"
#include "diarization/speaker_stream.h"

namespace hearken {

// Who spoke when, in audio that has one speaker a channel: a call recorded one side a channel. The speakers are the
// channels, in their order; one that is silent has no turns, 0 samples and no voice. Costs a speech detector for each
// channel, on one thread.
class ChannelStream : public SpeakerStream {
 public:
  ChannelStream(std::shared_ptr<const DiarizationModel> model, std::shared_ptr<const SileroWeights> detector);
  ~ChannelStream() override;

  // The frames' open() refuses audio of one channel, or of more than FrameQueue::kMostChannels.
  StreamInput input(int64_t begin, int64_t end) override;
  void run(CancelToken& cancel, const OnTurns& onTurns) override;
  bool busy() const override;
  void end() noexcept override;
  // There is nothing to cluster: `options` change nothing.
  Speakers finish(const ClusterOptions& options, CancelToken& cancel) const override;
  int64_t byteSize() const override;
  // What a stream of such a source will hold while it runs.
  static int64_t bytesFor(const FrameQueue::Format& format);

 private:
  struct Channel;
  void collectAll();
  void listen(const float* samples, size_t count, CancelToken& cancel);
  void hear(const float* samples, size_t frame, CancelToken& cancel);
  int64_t settled() const;
  std::vector<Turn> newTurns(int64_t from, int64_t to) const;

  const std::shared_ptr<const DiarizationModel> model_;
  const std::shared_ptr<const SileroWeights> detector_;
  const std::shared_ptr<FrameQueue> queue_;
  const Fbank fbank_;
  int64_t begin_ = 0, end_ = 0;  // of the range
  std::vector<std::unique_ptr<Channel>> channels_;
  std::unique_ptr<CrosstalkGate> gate_;
  std::unique_ptr<EmbeddingNet> embedding_;  // during run()
  int64_t frames_ = 0;                       // heard, of kSpeechFrame samples
  int64_t samples_ = 0;                      // heard
  Hash heard_;                               // of the channels' samples
  int64_t decided_ = 0;                      // up to where provisional turns were given
  std::atomic<int64_t> needed_{INT64_MAX};   // the source's frame that the next batch waits for
  std::atomic<int64_t> runBytes_{0};
  std::atomic<bool> ended_{false};
};

}  // namespace hearken
