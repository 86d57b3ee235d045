#pragma once

#include <cstdint>

namespace hearken {

// What a planner takes with up to `chunksInFlight` of its chunks alive, the one that it makes included: audio, and the
// speech detector's weights and state. Sources differ a little (see kReaderBytes), and what the caller gave as memory,
// a whole file or a stream's queue, is not in it.
int64_t predictAudio(int64_t chunkSamples, int chunksInFlight);

}  // namespace hearken
