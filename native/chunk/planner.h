#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "audio/reader.h"
#include "audio/sink.h"
#include "chunk/speech_detector.h"
#include "core/hash.h"
#include "core/pages.h"

namespace hearken {

struct Span {
  int64_t begin = 0;  // 16 kHz samples from the start of the audio (not of the range)
  int64_t end = 0;
  int64_t length() const { return end - begin; }
};

// Why a chunk ends where it does.
enum class ChunkEnd {
  kPause,    // in a pause, or the audio ended
  kOverlap,  // in mid-speech: the next chunk starts `overlap` before this end, and the seam is merged by words
};

struct PlannedChunk {
  int index = 0;
  Span span;   // what `pcm` holds
  Span owned;  // the part that no other chunk has: spans without the overlap halves; owned parts tile all decoded audio
  ChunkEnd end = ChunkEnd::kPause;
  std::vector<Span> speech;                     // regions of speech inside span
  LedgerVector<float, MemoryKind::kAudio> pcm;  // span.length() samples
  Digest digest{};                              // of pcm and speech, wherever in the audio they are
};

struct PlanOptions {
  int64_t begin = 0;  // range of the audio to plan, in samples
  int64_t end = INT64_MAX;
  int64_t chunkSamples = 30 * kSampleRate;
  bool detectSpeech = true;  // false: no silence is skipped, chunks are cut at the quietest place
};

// Pulls audio, finds speech, and cuts it into chunks: contiguous stretches, never longer than chunkSamples, cut at the
// best pause near the target; long silence lies between chunks and is not decoded. A pure function of the samples and
// the options.
class ChunkPlanner {
 public:
  // `sink`, if there is one, gets all samples of the range as they are read.
  ChunkPlanner(std::unique_ptr<AudioReader> reader, std::unique_ptr<SpeechDetector> detector,
               const PlanOptions& options, std::shared_ptr<SampleSink> sink = nullptr);
  ~ChunkPlanner();
  // The next chunk, or nothing at the end. Holds at most about two chunks of audio. After an error (a cancel, too)
  // every later call throws the same.
  std::optional<PlannedChunk> next(CancelToken& cancel);
  // Reads on to the end without planning: for a sink alone.
  void drain(CancelToken& cancel);
  // Audio read so far (exclusive end, in samples); after the last chunk: the end of the range or of the audio.
  int64_t position() const;
  const AudioInfo& info() const;
  // Of the file that is read: FileContent::digest(). Nothing for other sources. After the last chunk, or drain().
  std::optional<Digest> contentDigest(bool whole, CancelToken& cancel);

 private:
  template <typename F>
  auto guarded(F work);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearken
