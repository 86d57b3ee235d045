#include "asr/heads.h"

namespace hearken {

whisper_aheads alignmentHeads(const ModelInfo& info) {
  const auto pick = [&]() {
    if (info.vocabulary == 51866) {
      return info.textLayers == 4 ? WHISPER_AHEADS_LARGE_V3_TURBO : WHISPER_AHEADS_LARGE_V3;
    }
    if (info.type == "tiny") return info.multilingual ? WHISPER_AHEADS_TINY : WHISPER_AHEADS_TINY_EN;
    if (info.type == "base") return info.multilingual ? WHISPER_AHEADS_BASE : WHISPER_AHEADS_BASE_EN;
    if (info.type == "small") return info.multilingual ? WHISPER_AHEADS_SMALL : WHISPER_AHEADS_SMALL_EN;
    if (info.type == "medium") return info.multilingual ? WHISPER_AHEADS_MEDIUM : WHISPER_AHEADS_MEDIUM_EN;
    return WHISPER_AHEADS_LARGE_V2;  // v1 has the same header; v2 is the one in use
  };
  const whisper_aheads heads = whisper_align_heads(pick());
  for (size_t i = 0; i < heads.n_heads; ++i) {  // a distilled model has fewer layers than its table
    if (heads.heads[i].n_text_layer >= info.textLayers || heads.heads[i].n_head >= info.textHeads) return {0, nullptr};
  }
  return heads;
}

}  // namespace hearken
