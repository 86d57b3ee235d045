#include "addon/convert.h"

#include <cmath>

#include "addon/environment.h"

namespace hearken {
namespace {

Napi::Error invalid(Napi::Env env, const std::string& message) {
  return makeError(env, codes::kInvalidArg, message);
}

Napi::Number number(Napi::Env env, double value) {
  return Napi::Number::New(env, value);
}

}  // namespace

Napi::Object objectArg(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (!info[index].IsObject()) throw invalid(info.Env(), std::string(name) + " must be an object");
  return info[index].As<Napi::Object>();
}

std::string stringArg(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (!info[index].IsString()) throw invalid(info.Env(), std::string(name) + " must be a string");
  return info[index].As<Napi::String>().Utf8Value();
}

double numberField(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsNumber()) throw invalid(object.Env(), std::string(name) + " must be a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (std::isnan(number)) throw invalid(object.Env(), std::string(name) + " must not be NaN");
  return number;
}

bool boolField(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsBoolean()) throw invalid(object.Env(), std::string(name) + " must be true or false");
  return value.As<Napi::Boolean>().Value();
}

std::string stringField(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsString()) throw invalid(object.Env(), std::string(name) + " must be a string");
  return value.As<Napi::String>().Utf8Value();
}

int64_t samplesField(const Napi::Object& object, const char* name) {
  const double value = numberField(object, name);
  if (value < 0) throw invalid(object.Env(), std::string(name) + " must not be negative");
  return value >= 9e15 ? INT64_MAX : static_cast<int64_t>(std::llround(value));
}

DecodeOptions decodeOptions(const Napi::Object& object) {
  DecodeOptions options;
  options.language = stringField(object, "language");
  options.translate = boolField(object, "translate");
  options.words = boolField(object, "words");
  options.beamSize = static_cast<int>(numberField(object, "beamSize"));
  options.bestOf = static_cast<int>(numberField(object, "bestOf"));
  options.temperature = static_cast<float>(numberField(object, "temperature"));
  options.temperatureIncrement = static_cast<float>(numberField(object, "temperatureIncrement"));
  options.initialPrompt = stringField(object, "initialPrompt");
  options.context = boolField(object, "context");
  options.suppressNonSpeech = boolField(object, "suppressNonSpeech");
  options.maxSegmentLength = static_cast<int>(numberField(object, "maxSegmentLength"));
  options.threads = static_cast<int>(numberField(object, "threads"));
  return options;
}

Napi::Value toJs(Napi::Env env, const std::vector<Segment>& segments) {
  Napi::Array array = Napi::Array::New(env, segments.size());
  for (size_t i = 0; i < segments.size(); ++i) {
    Napi::HandleScope scope(env);
    const Segment& segment = segments[i];
    Napi::Array words = Napi::Array::New(env, segment.words.size());
    for (size_t k = 0; k < segment.words.size(); ++k) {
      const Word& word = segment.words[k];
      Napi::Object object = Napi::Object::New(env);
      object.Set("begin", number(env, static_cast<double>(word.begin)));
      object.Set("end", number(env, static_cast<double>(word.end)));
      object.Set("text", Napi::String::New(env, word.text));
      object.Set("glued", Napi::Boolean::New(env, word.glued));
      object.Set("probability", number(env, word.probability));
      words.Set(static_cast<uint32_t>(k), object);
    }
    Napi::Object object = Napi::Object::New(env);
    object.Set("begin", number(env, static_cast<double>(segment.begin)));
    object.Set("end", number(env, static_cast<double>(segment.end)));
    object.Set("text", Napi::String::New(env, segment.text));
    object.Set("avgLogprob", number(env, segment.avgLogprob));
    object.Set("noSpeechProb", number(env, segment.noSpeechProb));
    object.Set("words", words);
    array.Set(static_cast<uint32_t>(i), object);
  }
  return array;
}

Napi::Value toJs(Napi::Env env, const DecodeResult& result) {
  Napi::Array remarks = Napi::Array::New(env, result.remarks.size());
  for (size_t i = 0; i < result.remarks.size(); ++i) {
    const Remark& remark = result.remarks[i];
    static constexpr const char* names[] = {"decoded", "suppressed", "failed"};
    Napi::Object object = Napi::Object::New(env);
    object.Set("begin", number(env, static_cast<double>(remark.begin)));
    object.Set("end", number(env, static_cast<double>(remark.end)));
    object.Set("status", Napi::String::New(env, names[static_cast<int>(remark.status)]));
    object.Set("reason", Napi::String::New(env, remark.reason));
    remarks.Set(static_cast<uint32_t>(i), object);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("segments", toJs(env, result.segments));
  object.Set("remarks", remarks);
  object.Set("windows", number(env, result.windows));
  object.Set("fallbacks", number(env, result.fallbacks));
  return object;
}

Napi::Value toJs(Napi::Env env, const ModelInfo& info) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("type", Napi::String::New(env, info.type));
  object.Set("multilingual", Napi::Boolean::New(env, info.multilingual));
  object.Set("quantization", Napi::String::New(env, info.quantization));
  const auto bytes = [&](const char* name, int64_t value) {
    object.Set(name, number(env, static_cast<double>(value)));
  };
  bytes("weightBytes", info.memory.weightBytes);
  bytes("stateBytes", info.memory.stateBytes);
  bytes("secondBytes", info.memory.secondBytes);
  bytes("decodersBytes", info.memory.decodersBytes);
  bytes("decoderBytes", info.memory.decoderBytes);
  object.Set("vocabulary", number(env, info.vocabulary));
  object.Set("audioContext", number(env, info.audioContext));
  object.Set("textContext", number(env, info.textContext));
  return object;
}

Napi::Value toJs(Napi::Env env, const AudioInfo& info) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("container", Napi::String::New(env, info.container));
  object.Set("codec", Napi::String::New(env, info.codec));
  object.Set("decoder", Napi::String::New(env, info.decoder));
  object.Set("sampleRate", number(env, info.sampleRate));
  object.Set("channels", number(env, info.channels));
  object.Set("frames", info.frames ? Napi::Value(number(env, static_cast<double>(*info.frames))) : env.Undefined());
  object.Set("seekable", Napi::Boolean::New(env, info.seekable));
  return object;
}

Napi::Value toJs(Napi::Env env, const Span& span) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("begin", number(env, static_cast<double>(span.begin)));
  object.Set("end", number(env, static_cast<double>(span.end)));
  return object;
}

}  // namespace hearken
