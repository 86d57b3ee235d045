#include "addon/model.h"

#include "addon/convert.h"
#include "asr/predict.h"

namespace hearken {

Napi::Function ModelWrap::define(Napi::Env env) {
  return DefineClass(
      env, "Model",
      {InstanceMethod<&ModelWrap::createState>("createState"), InstanceMethod<&ModelWrap::close>("close"),
       InstanceAccessor<&ModelWrap::info>("info"), InstanceAccessor<&ModelWrap::byteSize>("byteSize"),
       InstanceAccessor<&ModelWrap::closed>("closed")});
}

ModelWrap::ModelWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  adopt(info, "Model", handle_);
  info_ = handle_->peek(ModelInfo{}, [](const WhisperModel& model) { return model.info(); });
  external_->report(handle_->peek(int64_t{0}, [](const WhisperModel& model) { return model.byteSize(); }));
  napi_type_tag_object(info.Env(), info.This(), &kTag);
}

Napi::Value ModelWrap::load(const Napi::CallbackInfo& info) {
  const std::string path = stringArg(info, 0, "path");
  const CancelPtr cancel = cancelArg(info, 1);
  using Model = std::shared_ptr<const WhisperModel>;
  return Environment::of(info.Env())
      .async<Model>(
          info.Env(), cancel,
          [path, cancel] {
            Model model = WhisperModel::load(path, *cancel);
            // Counted for as long as anything holds the model.
            auto counted = std::make_shared<Counted>(Counters::instance().models);
            const WhisperModel* raw = model.get();
            return Model(raw, [model, counted](const WhisperModel*) mutable {
              model.reset();
              counted.reset();
            });
          },
          [](Napi::Env env, Model& model) -> Napi::Value {
            auto handle = std::make_shared<ModelHandle>(std::move(model), "the model");
            return construct(env, Environment::of(env).modelClass, std::move(handle));
          });
}

Napi::Value ModelWrap::inspect(const Napi::CallbackInfo& info) {
  const std::string path = stringArg(info, 0, "path");
  return Environment::of(info.Env())
      .async<ModelInfo>(
          info.Env(), std::make_shared<CancelToken>(), [path] { return inspectModel(path); },
          [](Napi::Env env, ModelInfo& result) { return toJs(env, result); });
}

Napi::Value ModelWrap::createState(const Napi::CallbackInfo& info) {
  const auto use = useOf(info.Env(), handle_);
  using State = std::shared_ptr<StateObject>;
  return Environment::of(info.Env())
      .async<State>(
          info.Env(), std::make_shared<CancelToken>(), [use] { return std::make_shared<StateObject>(use); },
          [](Napi::Env env, State& state) -> Napi::Value {
            auto handle = std::make_shared<StateHandle>(std::move(state), "the worker state");
            return construct(env, Environment::of(env).stateClass, std::move(handle));
          });
}

Napi::Value ModelWrap::close(const Napi::CallbackInfo& info) {
  return closeHandle(info.Env(), handle_, external_);
}

Napi::Value ModelWrap::info(const Napi::CallbackInfo& info) {
  return toJs(info.Env(), info_);
}

Napi::Value ModelWrap::byteSize(const Napi::CallbackInfo& info) {
  const int64_t bytes = handle_->peek(int64_t{0}, [](const WhisperModel& model) { return model.byteSize(); });
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

Napi::Value ModelWrap::closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), handle_->closed());
}

}  // namespace hearken
