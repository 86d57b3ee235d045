#include "asr/model.h"

#include <whisper.h>

#include <filesystem>
#include <fstream>

#include "asr/logs.h"
#include "asr/predict.h"
#include "core/error.h"

namespace hearken {
namespace {

struct Source {
  std::ifstream in;
  CancelToken& cancel;
};

size_t readSource(void* context, void* out, size_t n) {
  auto& source = *static_cast<Source*>(context);
  source.cancel.throwIfCancelled();  // whisper.cpp turns what is thrown here into a failed load
  source.in.read(static_cast<char*>(out), static_cast<std::streamsize>(n));
  const auto got = static_cast<size_t>(source.in.gcount());
  // At the end the loader asks for one more header and then for eof(); a short read anywhere else means a changed file.
  if (got != n && got != 0) throw Error(codes::kModelLoad, "the file ended early");
  return got;
}

}  // namespace

std::shared_ptr<const WhisperModel> WhisperModel::load(const std::string& path, CancelToken& cancel) {
  quietLogs();
  ModelInfo info = inspectModel(path);
  cancel.throwIfCancelled();

  Source source{std::ifstream(std::filesystem::u8path(path), std::ios::binary), cancel};
  whisper_model_loader loader{};
  loader.context = &source;
  loader.read = readSource;
  loader.eof = [](void* context) { return static_cast<Source*>(context)->in.eof(); };
  loader.close = [](void*) {};

  std::unique_ptr<whisper_context, void (*)(whisper_context*)> context(
      whisper_init_with_params_no_state(&loader, whisperParams()), whisper_free);
  cancel.throwIfCancelled();
  if (!context) {
    throw Error(codes::kModelLoad,
                "the model " + path + " could not be loaded: out of memory, or a tensor is missing or misshapen.");
  }
  std::shared_ptr<const WhisperModel> model(new WhisperModel(context.get(), std::move(info)));
  context.release();
  return model;
}

WhisperModel::WhisperModel(whisper_context* context, ModelInfo info)
    : context_(context),
      info_(std::move(info)),
      memory_(MemoryKind::kWeights, static_cast<int64_t>(whisper_context_bytes(context))) {}

WhisperModel::~WhisperModel() {
  whisper_free(context_);
}

}  // namespace hearken
