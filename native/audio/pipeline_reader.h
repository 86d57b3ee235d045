#pragma once

#include <memory>

#include "audio/decoder.h"
#include "audio/reader.h"

namespace hearken {

// decoder -> one channel -> 16 kHz.
std::unique_ptr<AudioReader> makeReader(std::unique_ptr<Decoder> decoder, const ReaderOptions& options);

}  // namespace hearken
