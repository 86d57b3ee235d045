#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "asr/model.h"
#include "asr/types.h"
#include "core/cancel.h"
#include "core/ledger.h"

struct whisper_state;

namespace hearken {

// Audio to decode: samples at 16 kHz, where they lie in the whole, and where they hold speech.
struct DecodeInput {
  const float* samples = nullptr;
  size_t count = 0;
  int64_t begin = 0;                                // of samples[0], in samples from the start of the audio
  std::vector<std::pair<int64_t, int64_t>> speech;  // regions [begin, end), absolute; empty: not known
};

struct LanguageGuess {
  std::string language;
  float probability = 0;
};

// One worker: the key-value caches and compute buffers to decode with. One call at a time, from any thread. Holds its
// model. A call's result depends on its arguments only, never on earlier calls.
class WhisperState {
 public:
  // Throws Error kOutOfMemory.
  explicit WhisperState(std::shared_ptr<const WhisperModel> model);
  ~WhisperState();
  WhisperState(const WhisperState&) = delete;
  WhisperState& operator=(const WhisperState&) = delete;

  using OnSegments = std::function<void(const std::vector<Segment>&)>;
  // Segments of each window go to onSegments as they are done (may be null), and all of them into the result.
  // Throws Error kInvalidArg, kDecode, kOutOfMemory, kAborted. The state can be used again.
  DecodeResult decode(const DecodeInput& input, const DecodeOptions& options, CancelToken& cancel,
                      const OnSegments& onSegments);
  // The language of the first 30 s.
  LanguageGuess detectLanguage(const DecodeInput& input, int threads, CancelToken& cancel);

  int64_t byteSize() const { return memory_.bytes(); }
  const WhisperModel& model() const { return *model_; }

 private:
  class Running;
  std::shared_ptr<const WhisperModel> model_;
  whisper_state* state_;
  Allocation memory_;
};

}  // namespace hearken
