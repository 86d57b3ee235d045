#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "audio/sink.h"
#include "core/cancel.h"
#include "core/hash.h"
#include "diarization/cluster.h"
#include "diarization/stitch.h"

namespace hearken {

// Where a reader puts what it reads, on its own thread.
struct StreamInput {
  std::shared_ptr<SampleSink> samples;  // of the range, and its end
  std::shared_ptr<FrameSink> frames;    // ReaderOptions::tap, where the channels are listened to one by one
};

// Who spoke when, of one range of one audio, found while it is read. All positions that it gives are samples from the
// range's beginning.
class SpeakerStream {
 public:
  virtual ~SpeakerStream() = default;

  // What the reader of samples [begin, end) of the audio is to feed. Called once, before run().
  virtual StreamInput input(int64_t begin, int64_t end) = 0;

  // Computes until the audio has ended. After each batch onTurns gets the provisional turns up to `decided`. Called
  // once. However it ends, nobody waits for room in the input any more. Throws Error kAborted, kDecode, kOutOfMemory.
  using OnTurns = std::function<void(const std::vector<Turn>& turns, int64_t decided)>;
  virtual void run(CancelToken& cancel, const OnTurns& onTurns) = 0;
  // There is audio whose turns run() is about to give: a wait for them would end without more being fed.
  virtual bool busy() const = 0;
  // Nothing more is computed, and nobody waits for room in the input: for who does not come to run(), or goes no
  // further. Not beside it. Once more changes nothing.
  virtual void end() noexcept = 0;
  // Of all that was fed, once it was heard to its end. From any thread.
  std::optional<Digest> digest() const { return heardAll_ ? std::optional<Digest>(digest_) : std::nullopt; }

  // The speakers of all that was heard, after run(). May be called again with other options.
  virtual Speakers finish(const ClusterOptions& options, CancelToken& cancel) const = 0;

  virtual int64_t byteSize() const = 0;

 protected:
  void heardAll(const Digest& digest) {
    digest_ = digest;
    heardAll_ = true;
  }

 private:
  Digest digest_{};
  std::atomic<bool> heardAll_{false};
};

}  // namespace hearken
