#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "diarization/chains.h"
#include "diarization/cluster.h"
#include "diarization/fbank.h"
#include "diarization/model.h"
#include "diarization/online_tracks.h"
#include "diarization/sample_queue.h"
#include "diarization/speaker_stream.h"

namespace hearken {

struct StreamOptions {
  Timeline timeline;
  int threads = 1;      // that compute side by side; each has its own buffers
  int maxSpeakers = 0;  // of the provisional turns; 0: no limit
};

// Speakers told by their voices: consumes samples as they are read, keeps a small record of each stretch of speech, and
// finds the speakers of the whole once the audio has ended.
class DiarizationStream : public SpeakerStream {
 public:
  DiarizationStream(std::shared_ptr<const DiarizationModel> model, const StreamOptions& options);
  ~DiarizationStream() override;

  StreamInput input(int64_t, int64_t) override { return {queue_, nullptr}; }
  // On this thread and options.threads − 1 others.
  void run(CancelToken& cancel, const OnTurns& onTurns) override;
  bool busy() const override;
  Speakers finish(const ClusterOptions& options, CancelToken& cancel) const override;
  int64_t byteSize() const override;
  // What a stream will hold while it runs, without the record, which grows: see TrackRecord.
  static int64_t bytesFor(const StreamOptions& options);

 private:
  struct Worker;
  int64_t windowBegin() const { return window_ * options_.timeline.hop; }
  int64_t windowsIn(const SampleQueue::Stretch& stretch) const;
  std::vector<Turn> process(const SampleQueue::Stretch& stretch, int64_t count, bool last, CancelToken& cancel);
  // The next piece of the record, before it is added.
  struct Coming {
    HeardPiece heard;
    std::vector<int64_t> frames;  // of the filter bank
    std::vector<float> embedding;
    size_t like;
  };
  std::vector<Coming> listen(const SampleQueue::Stretch& stretch, int64_t count, bool last, CancelToken& cancel);
  void tellVoices(const SampleQueue::Stretch& stretch, std::vector<Coming>& coming, CancelToken& cancel);
  std::vector<float> embed(const SampleQueue::Stretch& stretch, const std::vector<const Coming*>& pieces,
                           CancelToken& cancel);
  void pick(Worker& worker, const SampleQueue::Stretch& stretch, const std::vector<int64_t>& frames,
            float* embedding) const;

  const std::shared_ptr<const DiarizationModel> model_;
  const StreamOptions options_;
  const std::shared_ptr<SampleQueue> queue_;
  const Fbank fbank_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Tracker tracker_;
  Chains chains_;
  TrackRecord record_;
  OnlineTracks online_;
  std::atomic<int64_t> window_{0};       // the next one
  int64_t samples_ = 0;                  // that turns were given for
  std::atomic<int64_t> recordBytes_{0};  // read by others while run() goes on
  std::atomic<bool> ended_{false};
};

}  // namespace hearken
