#pragma once

#include "audio/byte_reader.h"

namespace hearken {

enum class Container { kEmpty, kWav, kW64, kAiff, kAu, kCaf, kFlac, kMp3, kVorbis, kMp4, kText, kId3Only, kOther };

// Tells the container by its first bytes; never by a name. Steps over ID3 tags, so that the reader then stands at the
// container's first byte.
Container sniff(ByteReader& reader, CancelToken& cancel);

}  // namespace hearken
