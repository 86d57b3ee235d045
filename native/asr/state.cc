#include "asr/state.h"

#include <ggml.h>
#include <whisper.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "asr/window.h"
#include "audio/reader.h"
#include "core/counters.h"
#include "core/error.h"
#include "core/pages.h"

namespace hearken {
namespace {

// Whisper reads silence before and after what it is given; what is shorter than this has no word in it.
constexpr size_t kShortest = kSampleRate / 10;

// Models from this vocabulary size on (large-v3) have a token for Cantonese.
constexpr int kVocabularyWithCantonese = 51866;

// What the encoder sees beyond the audio of a window, in positions of 20 ms. Less loses words; see docs/engine.md.
constexpr int kContextMargin = 128;

// Sound that is far from what the model was trained on is brought near: a large offset removed, very quiet or clipped
// sound scaled. Ordinary recordings pass unchanged, without a copy.
const float* conditioned(const DecodeInput& input, LedgerVector<float, MemoryKind::kStates>& copy) {
  double sum = 0;
  float low = 0, high = 0;
  for (size_t i = 0; i < input.count; ++i) {
    sum += input.samples[i];
    low = std::min(low, input.samples[i]);
    high = std::max(high, input.samples[i]);
  }
  const auto mean = static_cast<float>(sum / static_cast<double>(input.count));
  const bool offset = std::fabs(mean) > 0.02f;
  const float peak = offset ? std::max(high - mean, mean - low) : std::max(high, -low);
  const bool scale = peak > 1.0f || (peak > 0.0f && peak < 0.03f);
  if (!offset && !scale) return input.samples;
  const float shift = offset ? mean : 0.0f;
  const float gain = scale ? 0.5f / peak : 1.0f;
  copy.resize(input.count);
  for (size_t i = 0; i < input.count; ++i) copy[i] = (input.samples[i] - shift) * gain;
  return copy.data();
}

whisper_full_params makeParams(whisper_context* context, const DecodeOptions& options) {
  whisper_full_params params =
      whisper_full_default_params(options.beamSize > 1 ? WHISPER_SAMPLING_BEAM_SEARCH : WHISPER_SAMPLING_GREEDY);
  params.n_threads = options.threads;
  params.translate = options.translate;
  params.no_context = true;  // across calls; within one, n_max_text_ctx decides
  params.n_max_text_ctx = options.context ? 16384 : 0;
  params.print_progress = false;
  params.print_timestamps = false;
  params.language = options.language.c_str();
  if (!options.initialPrompt.empty()) {
    params.initial_prompt = options.initialPrompt.c_str();
    params.carry_initial_prompt = true;  // into every window
    // Without context the prompt's own tokens, and the one that marks a prompt, are all that fits.
    if (!options.context) params.n_max_text_ctx = whisper_token_count(context, params.initial_prompt) + 1;
  }
  params.audio_ctx_margin = kContextMargin;
  params.suppress_nst = options.suppressNonSpeech;
  params.temperature = options.temperature;
  params.temperature_inc = options.temperatureIncrement;
  params.greedy.best_of = options.bestOf;
  params.beam_search.beam_size = options.beamSize;
  return params;
}

// What ends a decode from within: a cancel, or output that is not a number (damaged weights), which whisper.cpp would
// turn into hundreds of exclamation marks and retry at every temperature.
struct Watch {
  explicit Watch(CancelToken& token) : cancel(token) {}
  CancelToken& cancel;
  std::atomic<bool> broken{false};  // logits of several decoders are looked at by several threads

  bool stopped() const { return cancel.cancelled() || broken; }
  void look(const float* logits, int count) {
    if (std::isnan(logits[0]) && std::isnan(logits[count / 2]) && std::isnan(logits[count - 1])) broken = true;
  }
};

void checkOptions(const DecodeOptions& options, const ModelInfo& model) {
  const auto require = [](bool ok, const std::string& message) {
    if (!ok) throw Error(codes::kInvalidArg, message);
  };
  require(options.beamSize >= 1 && options.beamSize <= 8, "beamSize must be from 1 to 8");
  require(options.bestOf >= 1 && options.bestOf <= 8, "bestOf must be from 1 to 8");
  require(options.threads >= 1 && options.threads <= 64, "threads must be from 1 to 64");
  require(options.temperature >= 0 && options.temperature <= 1, "temperature must be from 0 to 1");
  require(
      options.temperatureIncrement == 0 || (options.temperatureIncrement >= 0.05f && options.temperatureIncrement <= 1),
      "temperatureIncrement must be 0, or from 0.05 to 1");
  require(whisper_lang_id(options.language.c_str()) >= 0,
          "language '" + options.language + "' is not one that Whisper knows");
  require(options.language != "yue" || model.vocabulary >= kVocabularyWithCantonese,
          "this model does not know Cantonese (yue): large-v3 and large-v3-turbo do");
  if (!model.multilingual) {
    require(options.language == "en",
            "the model knows English only; language '" + options.language + "' needs a multilingual one, such as base");
    require(!options.translate, "the model knows English only; translate needs a multilingual one, such as base");
  }
}

}  // namespace

WhisperState::WhisperState(std::shared_ptr<const WhisperModel> model) : model_(std::move(model)), state_(nullptr) {
  state_ = whisper_init_state(model_->context());
  if (!state_) throw Error(codes::kOutOfMemory, "not enough memory for another worker of this model");
  memory_ = Allocation(MemoryKind::kStates, static_cast<int64_t>(whisper_state_bytes(state_)));
  // It grows while it computes: with longer chunks, and with more decoders than before.
  const auto changed = [](size_t bytes, void* data) {
    static_cast<Allocation*>(data)->resize(static_cast<int64_t>(bytes));
  };
  whisper_set_memory_callback(state_, changed, &memory_);
}

WhisperState::~WhisperState() {
  whisper_free_state(state_);
}

DecodeResult WhisperState::decode(const DecodeInput& input, const DecodeOptions& options, CancelToken& cancel,
                                  const OnSegments& onSegments) {
  checkOptions(options, model_->info());
  cancel.throwIfCancelled();
  Counters::instance().decodes++;
  if (input.count < kShortest) return {};

  LedgerVector<float, MemoryKind::kStates> copy;
  const float* samples = conditioned(input, copy);
  DecodeWindow window(*model_, state_, input, options, cancel, onSegments);

  whisper_full_params params = makeParams(model_->context(), options);
  params.encoder_begin_callback = [](whisper_context*, whisper_state*, void* data) {
    return static_cast<DecodeWindow*>(data)->wantsNext();
  };
  params.encoder_begin_callback_user_data = &window;
  params.window_callback = [](whisper_context*, whisper_state*, const whisper_window_info* info, void* data) {
    static_cast<DecodeWindow*>(data)->finish(*info);
  };
  params.window_callback_user_data = &window;

  Watch watch{cancel};
  const auto stopped = [](void* data) { return static_cast<Watch*>(data)->stopped(); };
  whisper_set_graph_abort_callback(state_, stopped, &watch);
  params.abort_callback = stopped;
  params.abort_callback_user_data = &watch;
  params.logits_filter_callback = [](whisper_context* context, whisper_state*, const whisper_token_data*, int,
                                     float* logits,
                                     void* data) { static_cast<Watch*>(data)->look(logits, whisper_n_vocab(context)); };
  params.logits_filter_callback_user_data = &watch;
  const int status = whisper_full_with_state(model_->context(), state_, params, samples, static_cast<int>(input.count));
  whisper_set_graph_abort_callback(state_, nullptr, nullptr);

  window.rethrow();
  cancel.throwIfCancelled();
  if (watch.broken)
    throw Error(codes::kDecode,
                "the model's output is not a number: its weights are damaged ('hearken models verify')");
  if (status != 0)
    throw Error(codes::kDecode, "whisper.cpp failed on this chunk (status " + std::to_string(status) + ")");
  return window.take();
}

LanguageGuess WhisperState::detectLanguage(const DecodeInput& input, int threads, CancelToken& cancel) {
  cancel.throwIfCancelled();
  if (!model_->info().multilingual) return {"en", 1.0f};
  if (input.count < kShortest) throw Error(codes::kDecode, "too little audio to detect the language");
  LedgerVector<float, MemoryKind::kStates> copy;
  const size_t count = std::min<size_t>(input.count, 30 * kSampleRate);
  const float* samples = conditioned({input.samples, count, 0, {}}, copy);

  const auto aborted = [](void* data) { return static_cast<CancelToken*>(data)->cancelled(); };
  whisper_set_graph_abort_callback(state_, aborted, &cancel);
  std::vector<float> probabilities(static_cast<size_t>(whisper_lang_max_id()) + 1, 0.0f);
  int id = -1;
  if (whisper_pcm_to_mel_with_state(model_->context(), state_, samples, static_cast<int>(count), threads) == 0) {
    id = whisper_lang_auto_detect_with_state(model_->context(), state_, 0, threads, probabilities.data());
  }
  whisper_set_graph_abort_callback(state_, nullptr, nullptr);
  cancel.throwIfCancelled();
  if (id < 0) throw Error(codes::kDecode, "the language could not be detected");
  const int cantonese = whisper_lang_id("yue");
  if (model_->info().vocabulary < kVocabularyWithCantonese && cantonese >= 0) {
    // The token that would mean it is another one in these models.
    const float rest = 1.0f - probabilities[static_cast<size_t>(cantonese)];
    probabilities[static_cast<size_t>(cantonese)] = 0;
    id = static_cast<int>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
    if (rest > 0) probabilities[static_cast<size_t>(id)] /= rest;
  }
  return {whisper_lang_str(id), probabilities[static_cast<size_t>(id)]};
}

}  // namespace hearken
