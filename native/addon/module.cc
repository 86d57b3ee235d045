// The addon's entry: what JS sees of it is declared in lib/binding.ts.
#include <ggml-cpu.h>
#include <napi.h>
#include <whisper.h>

#include <cstdlib>

#include "addon/convert.h"
#include "addon/diarizer.h"
#include "addon/engine.h"
#include "addon/memory.h"
#include "addon/model.h"
#include "addon/planner.h"
#include "audio/open_file.h"
#include "chunk/predict.h"
#include "core/memory_watch.h"
#include "core/rss.h"

namespace hearken {

#ifdef HEARKEN_PLANTED_BUGS
Napi::Value plantBug(const Napi::CallbackInfo& info);  // test/native/sanitizers, in a build with a sanitizer only
#endif

namespace {

Napi::Value languages(const Napi::CallbackInfo& info) {
  Napi::Array array = Napi::Array::New(info.Env());
  for (int i = 0; i <= whisper_lang_max_id(); ++i) array.Set(static_cast<uint32_t>(i), whisper_lang_str(i));
  return array;
}

Napi::Value cpuFeatures(const Napi::CallbackInfo& info) {
  Napi::Object object = Napi::Object::New(info.Env());
  const std::pair<const char*, int> features[] = {
      {"avx", ggml_cpu_has_avx()},         {"avx2", ggml_cpu_has_avx2()},
      {"avx512", ggml_cpu_has_avx512()},   {"avx512Vnni", ggml_cpu_has_avx512_vnni()},
      {"fma", ggml_cpu_has_fma()},         {"f16c", ggml_cpu_has_f16c()},
      {"bmi2", ggml_cpu_has_bmi2()},       {"neon", ggml_cpu_has_neon()},
      {"dotprod", ggml_cpu_has_dotprod()}, {"llamafile", ggml_cpu_has_llamafile()},
  };
  for (const auto& [name, has] : features) object.Set(name, Napi::Boolean::New(info.Env(), has != 0));
  return object;
}

Napi::Value counters(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Counters& counts = Counters::instance();
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, const std::atomic<int64_t>& value) {
    object.Set(name, Napi::Number::New(env, static_cast<double>(value.load())));
  };
  set("decodes", counts.decodes);
  set("encodes", counts.windows);
  set("liveJobs", counts.jobs);
  set("liveModels", counts.models);
  set("liveStates", counts.states);
  set("livePlanners", counts.planners);
  set("segmented", counts.segmented);
  set("embedded", counts.embedded);
  set("liveDiarizers", counts.diarizers);
  set("liveDiarizations", counts.diarizations);
  return object;
}

Napi::Value audioBytes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber() || !info[1].IsNumber()) {
    throw makeError(env, codes::kInvalidArg,
                    "audioBytes takes the samples of a chunk and how many chunks are in flight");
  }
  const int64_t bytes = predictAudio(info[0].As<Napi::Number>().Int64Value(), info[1].As<Napi::Number>().Int32Value());
  return Napi::Number::New(env, static_cast<double>(bytes));
}

Napi::Value hashOfFile(const Napi::CallbackInfo& info) {
  const std::string path = stringArg(info, 0, "path");
  const CancelPtr cancel = cancelArg(info, 1);
  return Environment::of(info.Env())
      .async<Digest>(
          info.Env(), cancel, [path, cancel] { return hashFile(path, *cancel); },
          [](Napi::Env env, Digest& digest) -> Napi::Value { return Napi::String::New(env, hex(digest)); });
}

Napi::Value shutdown(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).shutdown();
  return info.Env().Undefined();
}

}  // namespace

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* environment = new Environment(env);
  env.SetInstanceData(environment);
  // The last net, for a process that ends without an 'exit' event while a thread of ours computes. Registered after
  // ggml's statics were made, so that it runs before they are destroyed.
  static const bool once = [] {
    ggml_cpu_init();
    keepHeapTrimmed();
    std::atexit([] {
      JobSet::process().shutdown();
      MemoryWatch::stopSampling();
    });
    return true;
  }();
  (void)once;

  const auto keep = [&](Napi::FunctionReference& reference, Napi::Function constructor) {
    reference = Napi::Persistent(constructor);
  };
  keep(environment->modelClass, ModelWrap::define(env));
  keep(environment->stateClass, StateWrap::define(env));
  keep(environment->chunkClass, ChunkWrap::define(env));
  keep(environment->plannerClass, PlannerWrap::define(env));
  keep(environment->diarizerClass, DiarizerWrap::define(env));
  keep(environment->diarizationClass, DiarizationWrap::define(env));
  exports.Set("CancelToken", CancelTokenWrap::define(env));
  exports.Set("ByteQueue", QueueWrap::define(env));
  exports.Set("ByteBuffer", BufferWrap::define(env));
  exports.Set("MemoryWatch", MemoryWatchWrap::define(env));

  Napi::Object version = Napi::Object::New(env);
  version.Set("hearken", Napi::String::New(env, HEARKEN_VERSION));
  version.Set("whisper", Napi::String::New(env, whisper_version()));
  version.Set("napi", Napi::Number::New(env, NAPI_VERSION));
  version.Set("engine", Napi::String::New(env, engineDigest()));
  version.Set("compiler", Napi::String::New(env, engineCompiler()));
  version.Set("level", Napi::String::New(env, HEARKEN_CPU));
  exports.Set("version", version);
  exports.Set("loadModel", Napi::Function::New<ModelWrap::load>(env, "loadModel"));
  exports.Set("inspectModel", Napi::Function::New<ModelWrap::inspect>(env, "inspectModel"));
  exports.Set("loadDiarizer", Napi::Function::New<DiarizerWrap::load>(env, "loadDiarizer"));
  exports.Set("inspectDiarizer", Napi::Function::New<DiarizerWrap::inspect>(env, "inspectDiarizer"));
  exports.Set("audioBytes", Napi::Function::New<audioBytes>(env, "audioBytes"));
  exports.Set("openPlanner", Napi::Function::New<PlannerWrap::open>(env, "openPlanner"));
  exports.Set("hashFile", Napi::Function::New<hashOfFile>(env, "hashFile"));
  exports.Set("cpuFeatures", Napi::Function::New<cpuFeatures>(env, "cpuFeatures"));
  exports.Set("languages", Napi::Function::New<languages>(env, "languages"));
  exports.Set("memory", Napi::Function::New<memory>(env, "memory"));
  exports.Set("externalMemory", Napi::Function::New<externalMemory>(env, "externalMemory"));
  exports.Set("trimMemory", Napi::Function::New<trimMemory>(env, "trimMemory"));
  exports.Set("counters", Napi::Function::New<counters>(env, "counters"));
  exports.Set("shutdown", Napi::Function::New<shutdown>(env, "shutdown"));
#ifdef HEARKEN_PLANTED_BUGS
  exports.Set("plantBug", Napi::Function::New<plantBug>(env, "plantBug"));
#endif
  return exports;
}

NODE_API_MODULE(hearken, init)

}  // namespace hearken
