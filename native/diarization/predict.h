#pragma once

#include <cstdint>
#include <string>

#include "diarization/frame_queue.h"

namespace hearken {

// What telling speakers apart takes, before anything is loaded: bytes as the ledger will count them under kDiarization.
struct DiarizerMemory {
  int64_t weightBytes = 0;
  // By voice: a session with n threads holds sessionBytes + n * threadBytes while it runs, and hourBytes for each hour
  // of dense speech that it has heard.
  int64_t sessionBytes = 0;
  int64_t threadBytes = 0;
  int64_t hourBytes = 0;
  // By channel: what a session of a source of the given format holds, its speech detectors included, which the ledger
  // has under kWeights and kStates.
  int64_t channelSessionBytes = 0;
};

// From the headers of both files. Throws Error kModelNotFound, kModelFormat.
DiarizerMemory predictDiarizer(const std::string& segmentation, const std::string& embedding,
                               const FrameQueue::Format& format);

}  // namespace hearken
