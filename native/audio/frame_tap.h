#pragma once

#include <memory>

#include "audio/decoder.h"
#include "audio/sink.h"

namespace hearken {

// The same decoder; what it decodes also goes to the sink. A frame that is decoded again (a seek went back, or an error
// was recovered from) is not handed over again.
std::unique_ptr<Decoder> tapFrames(std::unique_ptr<Decoder> decoder, std::shared_ptr<FrameSink> sink);

}  // namespace hearken
