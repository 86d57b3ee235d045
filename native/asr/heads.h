#pragma once

#include <whisper.h>

#include "asr/model_file.h"

namespace hearken {

// The heads of the decoder whose cross-attention follows the audio. Published by OpenAI for its models; for others of
// the same shape (fine-tuned) the same heads are the best guess, and for unknown shapes there are none.
whisper_aheads alignmentHeads(const ModelInfo& info);

}  // namespace hearken
