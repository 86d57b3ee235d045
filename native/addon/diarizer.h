#pragma once

#include "addon/wrap.h"
#include "core/counters.h"
#include "diarization/model.h"
#include "diarization/speaker_stream.h"

namespace hearken {

using DiarizerHandle = Handle<const DiarizationModel>;

// The weights of the diarization nets.
class DiarizerWrap : public Napi::ObjectWrap<DiarizerWrap> {
 public:
  static constexpr napi_type_tag kTag = {0x6865'6172'6b65'6e00, 8};
  static Napi::Function define(Napi::Env env);
  explicit DiarizerWrap(const Napi::CallbackInfo& info);
  ~DiarizerWrap() override { external_->end(); }
  static Napi::Value load(const Napi::CallbackInfo& info);  // loadDiarizer(segmentation, embedding, cancel)
  static Napi::Value inspect(const Napi::CallbackInfo& info);

 private:
  Napi::Value open(const Napi::CallbackInfo& info);  // open({ threads, maxSpeakers, channels, vadModel })
  Napi::Value close(const Napi::CallbackInfo& info);
  Napi::Value byteSize(const Napi::CallbackInfo& info);
  Napi::Value closed(const Napi::CallbackInfo& info);
  std::shared_ptr<DiarizerHandle> handle_;
  ExternalPtr external_ = std::make_shared<ExternalMemory>(Env());
};

// A stream, and the use of its weights' handle: they can't be freed while it lives.
struct DiarizationObject {
  DiarizationObject(std::shared_ptr<DiarizerHandle::Use> model, std::unique_ptr<SpeakerStream> made)
      : use(std::move(model)), stream(std::move(made)) {}
  std::shared_ptr<DiarizerHandle::Use> use;
  std::unique_ptr<SpeakerStream> stream;
  Counted counted{Counters::instance().diarizations};
};

using DiarizationHandle = Handle<DiarizationObject>;

// Who spoke when, of one audio.
class DiarizationWrap : public Napi::ObjectWrap<DiarizationWrap> {
 public:
  static constexpr napi_type_tag kTag = {0x6865'6172'6b65'6e00, 9};
  static Napi::Function define(Napi::Env env);
  explicit DiarizationWrap(const Napi::CallbackInfo& info);
  ~DiarizationWrap() override { external_->end(); }
  // Where a planner puts what it reads of samples [begin, end); throws ERR_CLOSED to JS.
  StreamInput input(int64_t begin, int64_t end) const;

 private:
  Napi::Value run(const Napi::CallbackInfo& info);     // run(cancel, onTurns)
  Napi::Value finish(const Napi::CallbackInfo& info);  // finish(options, cancel)
  Napi::Value close(const Napi::CallbackInfo& info);
  Napi::Value busy(const Napi::CallbackInfo& info);
  Napi::Value byteSize(const Napi::CallbackInfo& info);
  Napi::Value closed(const Napi::CallbackInfo& info);
  // Tells V8 what the stream holds by now.
  std::function<void()> report() const;
  std::shared_ptr<DiarizationHandle> handle_;
  ExternalPtr external_ = std::make_shared<ExternalMemory>(Env());
  bool started_ = false;
};

}  // namespace hearken
