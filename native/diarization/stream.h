#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "diarization/chains.h"
#include "diarization/cluster.h"
#include "diarization/fbank.h"
#include "diarization/model.h"
#include "diarization/online_tracks.h"
#include "diarization/sample_queue.h"
#include "diarization/speaker_stream.h"
#include "diarization/window_record.h"

namespace hearken {

struct StreamOptions {
  Timeline timeline;
  int threads = 1;      // that compute side by side; each has its own buffers
  int maxSpeakers = 0;  // of the provisional turns; 0: no limit
};

// Speakers told by their voices: consumes samples as they are read, keeps a small record of each stretch of speech, and
// finds the speakers of the whole once the audio has ended. Goes from window to window: run() to the end, or listen() and
// advance() in turn, between which the caller looks for what it kept of those windows. Whatever ends one of the two
// early ends the stream, and what was heard so far can be told.
class DiarizationStream : public SpeakerStream {
 public:
  DiarizationStream(std::shared_ptr<const DiarizationModel> model, const StreamOptions& options);
  ~DiarizationStream() override;

  StreamInput input(int64_t, int64_t) override { return {queue_, nullptr}; }
  // On this thread and options.threads − 1 others.
  void run(CancelToken& cancel, const OnTurns& onTurns) override;
  // Waits until windows can be computed, and tells their digests: a window's is of all samples from the beginning up to
  // its end, and of whatever else decides what is found in it but the nets. None: the audio has ended and all of it was
  // gone through, or the stream has ended. Throws Error kAborted.
  std::vector<Digest> listen(CancelToken& cancel);
  struct Step {
    std::vector<Turn> turns;  // provisional, up to `decided`
    int64_t decided = 0;
    std::vector<PackedRecord> records;  // of those windows, to keep; empty: it was known
  };
  // Goes through the windows that listen() told. What is known of each is what advance() once gave for the same digest,
  // or empty, and none for none at all; what is no such record is computed. Throws Error kAborted, kDecode,
  // kOutOfMemory.
  Step advance(const std::vector<PackedRecord>& known, CancelToken& cancel);
  bool busy() const override;
  void end() noexcept override;
  Speakers finish(const ClusterOptions& options, CancelToken& cancel) const override;
  int64_t byteSize() const override;
  // What a stream will hold while it runs, without the record, which grows: see TrackRecord.
  static int64_t bytesFor(const StreamOptions& options);

 private:
  struct Worker;
  int64_t windowBegin() const { return window_ * options_.timeline.hop; }
  int64_t windowsIn(const SampleQueue::Stretch& stretch) const;
  Digest digestOf(int64_t window, bool last) const;
  // The windows that are gone through together.
  struct Batch {
    SampleQueue::Stretch stretch;
    bool last;  // the audio ends with them
    std::vector<Digest> digests;
  };
  struct Window {
    WindowRecord record;
    bool computed;  // a net had to listen to it
  };
  Step process(const Batch& batch, const std::vector<PackedRecord>& known, CancelToken& cancel);
  std::vector<Window> hear(const Batch& batch, const std::vector<PackedRecord>& known, CancelToken& cancel);
  // The next piece of the record, before it is added.
  struct Coming {
    HeardPiece heard;
    std::vector<int64_t> frames;  // of the filter bank
    std::vector<float> embedding;
    size_t like;
    size_t window;  // of the batch
    uint16_t number;  // among the pieces that the window completes
  };
  std::vector<Coming> follow(const std::vector<Window>& windows, bool last);
  void tellVoices(const SampleQueue::Stretch& stretch, std::vector<Window>& windows, std::vector<Coming>& coming,
                  CancelToken& cancel);
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
  Hash heard_;                           // of the samples up to the last window that was told
  std::optional<Batch> batch_;           // told, and not gone through yet
  std::atomic<int64_t> window_{0};       // the next one
  int64_t samples_ = 0;                  // that turns were given for
  std::atomic<int64_t> recordBytes_{0};  // read by others meanwhile
  std::atomic<bool> ended_{false};
};

}  // namespace hearken
