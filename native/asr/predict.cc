#include "asr/predict.h"

#include <ggml.h>
#include <whisper.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "asr/logs.h"
#include "core/error.h"

namespace hearken {
namespace {

constexpr int kSpectrumBins = 201;     // of the mel filters; inspectModelFile() lets no other number pass
constexpr int kFramesPerSecond = 100;  // of the mel spectrum

// The first bytes of a file of this shape: all that whisper_measure() reads. Behind them comes as much zero as is asked
// for: mel filters, and a vocabulary without words.
struct Header {
  std::vector<uint32_t> words;
  size_t position = 0;
};

size_t readHeader(void* context, void* out, size_t n) {
  auto& header = *static_cast<Header*>(context);
  const size_t size = header.words.size() * sizeof(uint32_t);
  const size_t there = std::min(n, size - std::min(size, header.position));
  std::memset(out, 0, n);
  std::memcpy(out, reinterpret_cast<const char*>(header.words.data()) + header.position, there);
  header.position += there;
  return n;
}

}  // namespace

whisper_context_params whisperParams() {
  whisper_context_params params = whisper_context_default_params();
  params.use_gpu = false;
  params.flash_attn = true;
  return params;
}

ModelMemory predictMemory(const ModelInfo& info) {
  Header header;
  for (const int value : {GGML_FILE_MAGIC, info.vocabulary, info.audioContext, info.audioState, info.audioHeads,
                          info.audioLayers, info.textContext, info.textState, info.textHeads, info.textLayers,
                          info.mels, info.fileType, info.mels, kSpectrumBins}) {
    header.words.push_back(static_cast<uint32_t>(value));
  }
  whisper_model_loader loader{};
  loader.context = &header;
  loader.read = readHeader;
  loader.eof = [](void*) { return false; };
  loader.close = [](void*) {};

  whisper_memory memory{};
  if (!whisper_measure(&loader, whisperParams(), &memory)) {
    throw Error(codes::kOutOfMemory, "not enough memory even to find out what a " + info.type + " model takes");
  }

  ModelMemory result;
  result.weightBytes = static_cast<int64_t>(memory.weights);
  // The mel spectrum of a whole chunk, of which whisper.cpp keeps 30 s more than there is audio.
  result.secondBytes = static_cast<int64_t>(sizeof(float)) * kFramesPerSecond * info.mels;
  result.stateBytes = static_cast<int64_t>(memory.state) + (kPredictedSeconds + 30) * result.secondBytes;
  // Every further decoder: probabilities, logits and their logarithms of each token of the vocabulary, and a list to
  // sort them by; and as much of a cache as one has. Several have two such caches more.
  result.decoderBytes = static_cast<int64_t>(memory.kv_self) +
                        static_cast<int64_t>(3 * sizeof(float) + memory.logit_id) * info.vocabulary;
  result.decodersBytes = 2 * static_cast<int64_t>(memory.kv_self);
  return result;
}

ModelInfo inspectModel(const std::string& path) {
  quietLogs();
  ModelInfo info = inspectModelFile(path);
  info.memory = predictMemory(info);
  return info;
}

}  // namespace hearken
