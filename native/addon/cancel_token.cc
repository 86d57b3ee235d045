#include "addon/wrap.h"

namespace hearken {

Napi::Function CancelTokenWrap::define(Napi::Env env) {
  return DefineClass(
      env, "CancelToken",
      {InstanceMethod<&CancelTokenWrap::cancel>("cancel"), InstanceAccessor<&CancelTokenWrap::cancelled>("cancelled")});
}

CancelTokenWrap::CancelTokenWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  napi_type_tag_object(info.Env(), info.This(), &kTag);
}

Napi::Value CancelTokenWrap::cancel(const Napi::CallbackInfo& info) {
  token_->cancel();
  return info.Env().Undefined();
}

Napi::Value CancelTokenWrap::cancelled(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), token_->cancelled());
}

}  // namespace hearken
