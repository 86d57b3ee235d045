#include "diarization/model.h"

namespace hearken {

std::shared_ptr<const DiarizationModel> DiarizationModel::load(const std::string& segmentation,
                                                               const std::string& embedding, CancelToken& cancel) {
  auto model = std::make_shared<DiarizationModel>();
  cancel.throwIfCancelled();
  model->segmentation_ = std::make_shared<const SegmentationWeights>(GgufFile(segmentation));
  cancel.throwIfCancelled();
  model->embedding_ = std::make_shared<const EmbeddingWeights>(GgufFile(embedding));
  cancel.throwIfCancelled();
  return model;
}

}  // namespace hearken
