#pragma once

#include <memory>
#include <string>

#include "core/cancel.h"
#include "diarization/embedding.h"
#include "diarization/segmentation.h"

namespace hearken {

// The weights of both nets: immutable once loaded, shared by any number of streams, each of which holds a shared_ptr.
class DiarizationModel {
 public:
  // Throws Error kModelNotFound, kModelFormat, kOutOfMemory, kAborted.
  static std::shared_ptr<const DiarizationModel> load(const std::string& segmentation, const std::string& embedding,
                                                      CancelToken& cancel);
  const std::shared_ptr<const SegmentationWeights>& segmentation() const { return segmentation_; }
  const std::shared_ptr<const EmbeddingWeights>& embedding() const { return embedding_; }
  int64_t byteSize() const { return segmentation_->bytes() + embedding_->bytes(); }

 private:
  std::shared_ptr<const SegmentationWeights> segmentation_;
  std::shared_ptr<const EmbeddingWeights> embedding_;
};

}  // namespace hearken
