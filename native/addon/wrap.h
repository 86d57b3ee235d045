#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "addon/environment.h"
#include "addon/external.h"
#include "addon/handle.h"
#include "core/cancel.h"

namespace hearken {

// Objects of our classes are made by us: a constructor called by anybody else throws.
template <typename T>
void adopt(const Napi::CallbackInfo& info, const char* name, T& out) {
  if (info.Length() != 1 || !info[0].IsExternal()) {
    throw makeError(info.Env(), codes::kInvalidArg, std::string(name) + " can't be constructed directly");
  }
  out = std::move(*info[0].As<Napi::External<T>>().Data());
}

template <typename T>
Napi::Object construct(Napi::Env env, Napi::FunctionReference& constructor, T value) {
  return constructor.New({Napi::External<T>::New(env, &value)});
}

// The native side of an argument that must be an object of ours. Checked by type tag: an object that only looks like
// one (or is of another class) is refused, instead of being read as what it is not.
template <typename W>
W* unwrap(const Napi::Value& value, const char* name) {
  bool ours = false;
  if (value.IsObject()) napi_check_object_type_tag(value.Env(), value, &W::kTag, &ours);
  if (!ours)
    throw makeError(value.Env(), codes::kInvalidArg, std::string(name) + " is not what the native addon expects");
  return W::Unwrap(value.As<Napi::Object>());
}

// A use of what the handle holds, as long as the returned pointer lives; ERR_CLOSED to JS if it is closed.
template <typename T>
std::shared_ptr<typename Handle<T>::Use> useOf(Napi::Env env, const std::shared_ptr<Handle<T>>& handle) {
  try {
    return handle->use();
  } catch (const Error& error) {
    throw makeError(env, error.code(), error.what());
  }
}

// Frees what the handle holds, on a thread of ours, and resolves when it is gone. Until then V8 is told that it is
// there.
template <typename T>
Napi::Promise closeHandle(Napi::Env env, const std::shared_ptr<Handle<T>>& handle,
                          const ExternalPtr& external = nullptr) {
  auto done = std::make_shared<Napi::Promise::Deferred>(env);
  auto& environment = Environment::of(env);
  const Napi::Promise promise = done->Promise();
  environment.run([handle, done, external, link = environment.link()] {
    handle->close([done, external, link] {
      link->post([done, external](Environment& environment, Napi::Env env) {
        environment.end();
        if (external) external->end();
        done->Resolve(env.Undefined());
      });
    });
  });
  return promise;
}

class CancelTokenWrap : public Napi::ObjectWrap<CancelTokenWrap> {
 public:
  static constexpr napi_type_tag kTag = {0x6865'6172'6b65'6e00, 1};
  static Napi::Function define(Napi::Env env);
  explicit CancelTokenWrap(const Napi::CallbackInfo& info);
  const CancelPtr& token() const { return token_; }

 private:
  Napi::Value cancel(const Napi::CallbackInfo& info);
  Napi::Value cancelled(const Napi::CallbackInfo& info);
  CancelPtr token_ = std::make_shared<CancelToken>();
};

inline CancelPtr cancelArg(const Napi::CallbackInfo& info, size_t index) {
  return unwrap<CancelTokenWrap>(info[index], "cancel token")->token();
}

}  // namespace hearken
