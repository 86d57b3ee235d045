// Bytes from JS: a queue for streams, a buffer for what the caller holds whole.
#include "addon/planner.h"

namespace hearken {
namespace {

Napi::Uint8Array bytesArg(const Napi::CallbackInfo& info) {
  if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw makeError(info.Env(), codes::kInvalidArg, "bytes must be a Uint8Array");
  }
  return info[0].As<Napi::Uint8Array>();
}

}  // namespace

// Pushes that wait for room; kept on the JS thread, woken through the link from the reader's.
struct QueueWrap::Waiters {
  std::vector<Napi::Promise::Deferred> waiting;

  void resolve(Napi::Env env, bool open) {
    for (auto& deferred : waiting) deferred.Resolve(Napi::Boolean::New(env, open));
    waiting.clear();
  }
};

Napi::Function QueueWrap::define(Napi::Env env) {
  return DefineClass(env, "ByteQueue",
                     {InstanceMethod<&QueueWrap::push>("push"), InstanceMethod<&QueueWrap::finish>("finish"),
                      InstanceMethod<&QueueWrap::fail>("fail")});
}

QueueWrap::QueueWrap(const Napi::CallbackInfo& info) : ObjectWrap(info), waiters_(std::make_shared<Waiters>()) {
  napi_type_tag_object(info.Env(), info.This(), &kTag);
  queue_->onRoom(
      [link = Environment::of(info.Env()).link(), waiters = waiters_, weak = std::weak_ptr<ByteQueue>(queue_)] {
        link->post([waiters, weak](Environment&, Napi::Env env) {
          const auto queue = weak.lock();
          waiters->resolve(env, queue && !queue->closed());
        });
      });
}

QueueWrap::~QueueWrap() {
  queue_->onRoom(nullptr);
}

Napi::Value QueueWrap::push(const Napi::CallbackInfo& info) {
  const Napi::Uint8Array bytes = bytesArg(info);
  auto deferred = Napi::Promise::Deferred::New(info.Env());
  queue_->push(std::vector<uint8_t>(bytes.Data(), bytes.Data() + bytes.ByteLength()));
  waiters_->waiting.push_back(deferred);
  if (!queue_->full()) waiters_->resolve(info.Env(), !queue_->closed());
  return deferred.Promise();
}

Napi::Value QueueWrap::finish(const Napi::CallbackInfo& info) {
  queue_->finish();
  return info.Env().Undefined();
}

Napi::Value QueueWrap::fail(const Napi::CallbackInfo& info) {
  queue_->fail(info[0].ToString().Utf8Value());
  return info.Env().Undefined();
}

Napi::Function BufferWrap::define(Napi::Env env) {
  return DefineClass(env, "ByteBuffer", {InstanceMethod<&BufferWrap::append>("append")});
}

BufferWrap::BufferWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsNumber()) throw makeError(info.Env(), codes::kInvalidArg, "size must be a number");
  try {
    bytes_->data.reserve(static_cast<size_t>(info[0].As<Napi::Number>().Int64Value()));
  } catch (const std::exception&) {
    throw makeError(info.Env(), codes::kOutOfMemory, "not enough memory for a copy of these bytes");
  }
  napi_type_tag_object(info.Env(), info.This(), &kTag);
}

Napi::Value BufferWrap::append(const Napi::CallbackInfo& info) {
  const Napi::Uint8Array bytes = bytesArg(info);
  if (!bytes_) throw makeError(info.Env(), codes::kClosed, "these bytes were read already");
  if (bytes_->data.size() + bytes.ByteLength() > bytes_->data.capacity()) {
    throw makeError(info.Env(), codes::kInvalidArg, "more bytes than were announced");
  }
  bytes_->data.insert(bytes_->data.end(), bytes.Data(), bytes.Data() + bytes.ByteLength());
  return info.Env().Undefined();
}

}  // namespace hearken
