#pragma once

#include "addon/wrap.h"
#include "audio/sources.h"
#include "chunk/planner.h"
#include "core/counters.h"
#include "core/pages.h"

namespace hearken {

class ChunkWrap : public Napi::ObjectWrap<ChunkWrap> {
 public:
  static constexpr napi_type_tag kTag = {0x6865'6172'6b65'6e00, 4};
  static Napi::Function define(Napi::Env env);
  explicit ChunkWrap(const Napi::CallbackInfo& info);
  ~ChunkWrap() override { external_->end(); }
  // Throws ERR_CLOSED after release().
  std::shared_ptr<const PlannedChunk> chunk() const;

 private:
  Napi::Value release(const Napi::CallbackInfo& info);
  std::shared_ptr<const PlannedChunk> chunk_;  // a decode holds its own
  ExternalPtr external_ = std::make_shared<ExternalMemory>(Env());
};

struct PlannerObject {
  explicit PlannerObject(std::unique_ptr<ChunkPlanner> made) : planner(std::move(made)) {}
  std::unique_ptr<ChunkPlanner> planner;
  Counted counted{Counters::instance().planners};
};

using PlannerHandle = Handle<PlannerObject>;

class PlannerWrap : public Napi::ObjectWrap<PlannerWrap> {
 public:
  static constexpr napi_type_tag kTag = {0x6865'6172'6b65'6e00, 5};
  static Napi::Function define(Napi::Env env);
  explicit PlannerWrap(const Napi::CallbackInfo& info);
  static Napi::Value open(const Napi::CallbackInfo& info);  // openPlanner(source, options, cancel)

 private:
  Napi::Value next(const Napi::CallbackInfo& info);
  Napi::Value drain(const Napi::CallbackInfo& info);
  Napi::Value contentDigest(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  void claim(Napi::Env env);
  Napi::Value info(const Napi::CallbackInfo& info);
  Napi::Value position(const Napi::CallbackInfo& info);
  std::shared_ptr<PlannerHandle> handle_;
  AudioInfo info_;
  std::shared_ptr<std::atomic<int64_t>> position_ = std::make_shared<std::atomic<int64_t>>(0);
  std::shared_ptr<bool> busy_ = std::make_shared<bool>(false);  // JS thread only
};

// Encoded bytes on their way from a JS stream; see ByteQueue.
class QueueWrap : public Napi::ObjectWrap<QueueWrap> {
 public:
  static constexpr napi_type_tag kTag = {0x6865'6172'6b65'6e00, 6};
  static Napi::Function define(Napi::Env env);
  explicit QueueWrap(const Napi::CallbackInfo& info);
  ~QueueWrap() override;
  const std::shared_ptr<ByteQueue>& queue() const { return queue_; }

 private:
  Napi::Value push(const Napi::CallbackInfo& info);
  Napi::Value finish(const Napi::CallbackInfo& info);
  Napi::Value fail(const Napi::CallbackInfo& info);
  std::shared_ptr<ByteQueue> queue_ = std::make_shared<ByteQueue>();
  struct Waiters;
  std::shared_ptr<Waiters> waiters_;
};

// The bytes of a file that the caller holds in memory, copied piece by piece: what is ours can't be changed or detached
// by JS while a thread reads it, and no single copy holds up the event loop.
class BufferWrap : public Napi::ObjectWrap<BufferWrap> {
 public:
  static constexpr napi_type_tag kTag = {0x6865'6172'6b65'6e00, 7};
  static Napi::Function define(Napi::Env env);
  explicit BufferWrap(const Napi::CallbackInfo& info);
  struct Bytes {
    LedgerVector<uint8_t, MemoryKind::kAudio> data;
  };
  // Hands the bytes over to a reader: they go with it, not with the garbage collection of this object.
  std::shared_ptr<Bytes> take() { return std::exchange(bytes_, nullptr); }

 private:
  Napi::Value append(const Napi::CallbackInfo& info);
  std::shared_ptr<Bytes> bytes_ = std::make_shared<Bytes>();
};

}  // namespace hearken
