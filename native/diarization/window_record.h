#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/hash.h"
#include "diarization/activity.h"
#include "diarization/piece_voices.h"

namespace hearken {

// What the nets found in one window: who is active, and the voices of those of the pieces it completes that were
// listened to. With it the window is gone through again without either net, and with the same result.
struct WindowRecord {
  struct Heard {
    uint16_t piece;  // of those that the window completes, counted in the tracker's order
    VoiceNumbers voice;
  };
  Activities activities;
  std::vector<Heard> heard;

  const VoiceNumbers* voiceOf(uint16_t piece) const;
};

// For keeping: compact, the same bytes for the same record, and bound to the window that `digest` is of.
using PackedRecord = std::vector<uint8_t>;
PackedRecord pack(const WindowRecord& record, const Digest& digest);
// False if the bytes are not what pack() makes of a record of this window.
bool unpack(const PackedRecord& bytes, const Digest& digest, WindowRecord& out);

}  // namespace hearken
