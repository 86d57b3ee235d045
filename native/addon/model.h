#pragma once

#include "addon/wrap.h"
#include "asr/state.h"
#include "core/counters.h"

namespace hearken {

using ModelHandle = Handle<const WhisperModel>;

class ModelWrap : public Napi::ObjectWrap<ModelWrap> {
 public:
  static constexpr napi_type_tag kTag = {0x6865'6172'6b65'6e00, 2};
  static Napi::Function define(Napi::Env env);
  explicit ModelWrap(const Napi::CallbackInfo& info);
  ~ModelWrap() override { external_->end(); }

  static Napi::Value load(const Napi::CallbackInfo& info);     // loadModel(path, cancel)
  static Napi::Value inspect(const Napi::CallbackInfo& info);  // inspectModel(path)

 private:
  Napi::Value createState(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  Napi::Value info(const Napi::CallbackInfo& info);
  Napi::Value byteSize(const Napi::CallbackInfo& info);
  Napi::Value closed(const Napi::CallbackInfo& info);
  std::shared_ptr<ModelHandle> handle_;
  ExternalPtr external_ = std::make_shared<ExternalMemory>(Env());
  ModelInfo info_;
};

// A state, and the use of its model's handle: the model can't be freed while it lives, and goes after it.
struct StateObject {
  StateObject(std::shared_ptr<ModelHandle::Use> model) : use(std::move(model)), state(use->object()) {}
  std::shared_ptr<ModelHandle::Use> use;
  WhisperState state;
  Counted counted{Counters::instance().states};
};

using StateHandle = Handle<StateObject>;

class StateWrap : public Napi::ObjectWrap<StateWrap> {
 public:
  static constexpr napi_type_tag kTag = {0x6865'6172'6b65'6e00, 3};
  static Napi::Function define(Napi::Env env);
  explicit StateWrap(const Napi::CallbackInfo& info);
  ~StateWrap() override { external_->end(); }

 private:
  Napi::Value decode(const Napi::CallbackInfo& info);
  Napi::Value detectLanguage(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  Napi::Value byteSize(const Napi::CallbackInfo& info);
  Napi::Value closed(const Napi::CallbackInfo& info);
  void claim(Napi::Env env);
  // Tells V8 what the state holds by now, and that it is free for the next call.
  std::function<void()> finished() const;
  std::shared_ptr<StateHandle> handle_;
  ExternalPtr external_ = std::make_shared<ExternalMemory>(Env());
  std::shared_ptr<bool> busy_ = std::make_shared<bool>(false);  // JS thread only
};

}  // namespace hearken
