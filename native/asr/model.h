#pragma once

#include <memory>
#include <string>

#include "asr/model_file.h"
#include "core/cancel.h"
#include "core/ledger.h"

struct whisper_context;

namespace hearken {

// The weights of a Whisper model: immutable once loaded, shared by any number of states. Ownership: every WhisperState
// holds a shared_ptr to its model, so the weights outlive whatever computes with them.
class WhisperModel {
 public:
  // Checks the whole file, then loads it. Throws Error kModelNotFound, kModelFormat, kModelLoad, kOutOfMemory,
  // kAborted.
  static std::shared_ptr<const WhisperModel> load(const std::string& path, CancelToken& cancel);
  ~WhisperModel();
  WhisperModel(const WhisperModel&) = delete;
  WhisperModel& operator=(const WhisperModel&) = delete;

  const ModelInfo& info() const { return info_; }
  int64_t byteSize() const { return memory_.bytes(); }
  // whisper.cpp takes a non-const context everywhere but only reads it once it is loaded.
  whisper_context* context() const { return context_; }

 private:
  WhisperModel(whisper_context* context, ModelInfo info);
  whisper_context* context_;
  ModelInfo info_;
  Allocation memory_;
};

}  // namespace hearken
