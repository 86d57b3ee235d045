#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "chunk/audio_window.h"
#include "chunk/planner.h"
#include "chunk/speech_regions.h"

namespace hearken {

// The lengths, in samples, by which chunks are cut; all follow from the chunk's greatest length.
struct CutLengths {
  explicit CutLengths(int64_t chunkSamples);
  int64_t chunk;
  int64_t padding;     // kept before and after speech
  int64_t overlap;     // of two chunks where the first ends in mid-speech
  int64_t shortest;    // a remainder shorter than this is avoided
  int64_t skipped;     // a longer silence between two chunks belongs to neither
  int64_t maxSilence;  // never inside a chunk: Whisper makes words of it
  int64_t ahead;       // what is looked at beyond the chunk to know how much remains
};

// Where a chunk that begins at `start` ends, and where what it owns ends. `resume` is the next chunk's beginning after
// an overlap.
struct Cut {
  ChunkEnd kind = ChunkEnd::kPause;
  int64_t end = 0;
  int64_t owned = 0;
  int64_t resume = 0;
};

// A stretch of speech with no silence of maxSilence in it, as far as it is known.
struct SpeechRun {
  std::deque<Span> regions;  // ascending, apart, all of them behind the chunk's start
  bool complete = false;     // its end is known: a long silence or the end of the audio follows
  int64_t known = 0;         // speech is decided up to here
};

// A chunk from `start` that is to hold as much of the run as it can.
Cut cutAtPause(const SpeechRun& run, int64_t start, const CutLengths& lengths, const AudioWindow& audio);

// The same by loudness alone, where no speech is detected.
Cut cutAtQuiet(int64_t start, const CutLengths& lengths, const AudioWindow& audio);

}  // namespace hearken
