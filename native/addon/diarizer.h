#pragma once

#include "addon/wrap.h"
#include "core/counters.h"
#include "diarization/model.h"
#include "diarization/stream.h"

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
  DiarizationObject(std::shared_ptr<DiarizerHandle::Use> model, std::unique_ptr<DiarizationStream> made)
      : use(std::move(model)), steps(made.get()), stream(std::move(made)) {}
  std::shared_ptr<DiarizerHandle::Use> use;
  DiarizationStream* steps = nullptr;  // the stream, where it goes from window to window
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
  Napi::Value run(const Napi::CallbackInfo& info);      // run(cancel, onTurns)
  Napi::Value listen(const Napi::CallbackInfo& info);   // listen(cancel)
  Napi::Value advance(const Napi::CallbackInfo& info);  // advance(known, cancel)
  Napi::Value end(const Napi::CallbackInfo& info);
  Napi::Value digest(const Napi::CallbackInfo& info);
  Napi::Value finish(const Napi::CallbackInfo& info);  // finish(options, cancel)
  Napi::Value close(const Napi::CallbackInfo& info);
  Napi::Value busy(const Napi::CallbackInfo& info);
  Napi::Value byteSize(const Napi::CallbackInfo& info);
  Napi::Value closed(const Napi::CallbackInfo& info);
  // Tells V8 what the stream holds by now.
  std::function<void()> report() const;
  using Use = std::shared_ptr<DiarizationHandle::Use>;
  // Of a call that nothing else may run beside; what it returns is called when that has ended.
  std::function<void()> claim(Napi::Env env);
  // A use of the stream by its windows.
  Use stepsOf(Napi::Env env);
  std::shared_ptr<DiarizationHandle> handle_;
  ExternalPtr external_ = std::make_shared<ExternalMemory>(Env());
  std::shared_ptr<bool> busy_ = std::make_shared<bool>(false);  // JS thread only
  bool ran_ = false;                                            // by run()
  bool stepped_ = false;                                        // by listen()
};

}  // namespace hearken
