#pragma once

#include <memory>

#include "audio/decoder.h"
#include "audio/reader.h"

namespace hearken {

// decoder -> one channel -> 16 kHz. `content` is that of the file that is decoded, if it is one.
std::unique_ptr<AudioReader> makeReader(std::unique_ptr<Decoder> decoder, const ReaderOptions& options,
                                        std::shared_ptr<FileContent> content = nullptr);

}  // namespace hearken
