#pragma once

#include <whisper.h>

#include <exception>
#include <vector>

#include "asr/state.h"
#include "asr/words.h"

namespace hearken {

// Turns each window of a running whisper_full into segments with words. Its members are called from whisper.cpp's C
// callbacks, so nothing may be thrown through them: an exception is kept, ends the decode, and is thrown again by
// rethrow().
class DecodeWindow {
 public:
  DecodeWindow(const WhisperModel& model, whisper_state* state, const DecodeInput& input, const DecodeOptions& options,
               CancelToken& cancel, const WhisperState::OnSegments& onSegments);

  // Before a window: is there speech left to decode?
  bool wantsNext() noexcept;
  // After a window.
  void finish(const whisper_window_info& info) noexcept;

  void rethrow() const;
  DecodeResult take() { return std::move(result_); }

 private:
  struct Draft;  // a segment on its way: tokens, words
  void collect(const whisper_window_info& info);
  std::vector<Draft> drafts(const whisper_window_info& info) const;
  void align(std::vector<Draft>& drafts, const whisper_window_info& info);
  void spread(std::vector<Draft>& drafts) const;
  void removeLoops(std::vector<Draft>& drafts);
  void emit(std::vector<Draft>& drafts);
  void remark(Remark::Status status, int64_t begin, int64_t end, const std::string& reason);
  int64_t samplesAt(int frame10ms) const;
  void fitToSpeech(Word& word) const;

  const WhisperModel& model_;
  whisper_state* state_;
  const DecodeInput& input_;
  const DecodeOptions& options_;
  CancelToken& cancel_;
  const WhisperState::OnSegments& onSegments_;
  int64_t end_;      // of the input
  int64_t written_;  // end of the last word or segment: what follows does not begin before it
  int64_t next_;     // where the next window begins
  std::exception_ptr failure_;
  DecodeResult result_;
};

}  // namespace hearken
