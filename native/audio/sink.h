#pragma once

#include <cstddef>
#include <cstdint>

#include "core/cancel.h"

namespace hearken {

// Gets the samples of a reader as they pass by on their way to somewhere else, so that one pass over a source feeds
// two.
class SampleSink {
 public:
  virtual ~SampleSink() = default;
  // The next samples, 16 kHz mono. May block until there is room. Throws Error kAborted.
  virtual void take(const float* samples, size_t count, CancelToken& cancel) = 0;
  // There are no more.
  virtual void end() = 0;
};

struct DecoderFormat;

// Gets the frames of a reader's decoder as they pass by, before its channels are mixed: at the source's rate, with all
// its channels. A reader decodes a little more than it gives, before and after a range that it was moved to.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  // Called once, before all else. Throws Error kInvalidArg if this source won't do.
  virtual void open(const DecoderFormat& format) = 0;
  // `count` frames, interleaved, as the decoder gave them; the first is frame `position` of the audio. Each frame comes
  // once, in order, without gaps. May block until there is room. Throws Error kAborted.
  virtual void take(int64_t position, const float* frames, size_t count, CancelToken& cancel) = 0;
};

}  // namespace hearken
