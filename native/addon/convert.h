#pragma once

#include <napi.h>

#include <string>

#include "asr/model_file.h"
#include "asr/types.h"
#include "chunk/planner.h"
#include "core/cancel.h"

namespace hearken {

// Reading arguments: each throws a TypeError-like Napi::Error with ERR_INVALID_ARG that names the argument.
Napi::Object objectArg(const Napi::CallbackInfo& info, size_t index, const char* name);
std::string stringArg(const Napi::CallbackInfo& info, size_t index, const char* name);
double numberField(const Napi::Object& object, const char* name);
bool boolField(const Napi::Object& object, const char* name);
std::string stringField(const Napi::Object& object, const char* name);
// Samples of a JS number: infinite means as far as it goes.
int64_t samplesField(const Napi::Object& object, const char* name);

DecodeOptions decodeOptions(const Napi::Object& object);

Napi::Value toJs(Napi::Env env, const std::vector<Segment>& segments);
Napi::Value toJs(Napi::Env env, const DecodeResult& result);
Napi::Value toJs(Napi::Env env, const ModelInfo& info);
Napi::Value toJs(Napi::Env env, const AudioInfo& info);
Napi::Value toJs(Napi::Env env, const Span& span);

}  // namespace hearken
