#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "diarization/cluster.h"
#include "diarization/fbank.h"
#include "diarization/model.h"
#include "diarization/online.h"
#include "diarization/record.h"
#include "diarization/sample_queue.h"
#include "diarization/speaker_stream.h"

namespace hearken {

struct StreamOptions {
  Timeline timeline;
  int threads = 1;      // that compute side by side; each has its own buffers
  int maxSpeakers = 0;  // of the provisional turns; 0: no limit
};

// Speakers told by their voices: consumes samples as they are read, keeps a small record of each window, and finds the
// speakers of the whole once the audio has ended.
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

 private:
  struct Worker;
  size_t hop() const { return static_cast<size_t>(options_.timeline.hop); }
  size_t windowsIn(const SampleQueue::Stretch& stretch) const;
  std::vector<Turn> process(const SampleQueue::Stretch& stretch, size_t count, bool last, CancelToken& cancel);
  void segment(Worker& worker, const float* samples, WindowResult* windows, size_t count, CancelToken& cancel) const;
  void pick(Worker& worker, const float* samples, WindowResult& window, size_t piece) const;
  void embed(Worker& worker, CancelToken& cancel) const;

  const std::shared_ptr<const DiarizationModel> model_;
  const StreamOptions options_;
  const std::shared_ptr<SampleQueue> queue_;
  const Fbank fbank_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Record record_;
  OnlineSpeakers online_;
  int64_t samples_ = 0;  // that turns were given for
  std::atomic<bool> ended_{false};
};

}  // namespace hearken
