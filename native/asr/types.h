#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hearken {

// Plain values that leave the engine: copies, never views of a state. Times are 16 kHz samples from the start of the
// audio.

struct Word {
  int64_t begin = 0;
  int64_t end = 0;
  std::string text;  // UTF-8, with its punctuation, without surrounding space
  float probability = 0;
  bool glued = false;  // no space before it (scripts without spaces)
};

struct Segment {
  int64_t begin = 0;
  int64_t end = 0;
  std::string text;
  float avgLogprob = 0;
  float noSpeechProb = 0;
  std::vector<Word> words;
};

// What became of a stretch of a chunk, beyond "decoded".
struct Remark {
  enum class Status { kDecoded, kSuppressed, kFailed } status = Status::kDecoded;
  int64_t begin = 0;
  int64_t end = 0;
  std::string reason;
};

struct DecodeOptions {
  std::string language = "en";
  bool translate = false;
  bool words = true;
  int beamSize = 1;  // 1: greedy
  int bestOf = 1;
  float temperature = 0.0f;
  float temperatureIncrement = 0.2f;
  std::string initialPrompt;
  bool context = false;
  bool suppressNonSpeech = true;
  int maxSegmentLength = 0;  // characters; 0: as the model segments
  int threads = 1;
};

struct DecodeResult {
  std::vector<Segment> segments;
  std::vector<Remark> remarks;
  int windows = 0;
  int fallbacks = 0;
};

}  // namespace hearken
