#include "asr/window.h"

#include <algorithm>
#include <cmath>

#include "asr/align.h"
#include "asr/heads.h"
#include "asr/loops.h"
#include "audio/reader.h"
#include "core/counters.h"
#include "core/error.h"
#include "core/pages.h"

namespace hearken {
namespace {

constexpr int64_t kFrame10ms = kSampleRate / 100;
constexpr int64_t kFrame20ms = kSampleRate / 50;
constexpr int kWindowFrames = 3000;  // 30 s of 10 ms frames
// Less speech than this after the last timestamp is the tail of a word that was written already; an encoder run for it
// costs as much as one for 30 s and mostly hears things.
constexpr int64_t kShortestRest = 4 * kSampleRate / 10;
// Of the padding behind a region of speech, what is surely silence.
constexpr int64_t kSpeechTail = 2 * kSampleRate / 10;
constexpr int64_t kShortestWord = kSampleRate / 10;

std::string joined(const std::vector<Word>& words, size_t from, size_t to) {
  std::string text;
  for (size_t i = from; i < to; ++i) {
    if (i > from && !words[i].glued) text += ' ';
    text += words[i].text;
  }
  return text;
}

size_t characters(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; }));
}

}  // namespace

struct DecodeWindow::Draft {
  std::vector<TextToken> tokens;
  std::vector<TokenWord> groups;
  Segment segment;
};

DecodeWindow::DecodeWindow(const WhisperModel& model, whisper_state* state, const DecodeInput& input,
                           const DecodeOptions& options, CancelToken& cancel,
                           const WhisperState::OnSegments& onSegments)
    : model_(model),
      state_(state),
      input_(input),
      options_(options),
      cancel_(cancel),
      onSegments_(onSegments),
      end_(input.begin + static_cast<int64_t>(input.count)),
      written_(input.begin),
      next_(input.begin) {}

int64_t DecodeWindow::samplesAt(int frame10ms) const {
  return std::min(end_, input_.begin + frame10ms * kFrame10ms);
}

bool DecodeWindow::wantsNext() noexcept {
  if (failure_ || cancel_.cancelled()) return false;
  if (next_ == input_.begin || input_.speech.empty()) return true;
  int64_t rest = 0;
  for (const auto& [begin, end] : input_.speech) rest += std::max<int64_t>(0, end - std::max(begin, next_));
  return rest >= kShortestRest;
}

void DecodeWindow::finish(const whisper_window_info& info) noexcept {
  try {
    collect(info);
  } catch (...) {
    failure_ = std::current_exception();
  }
}

void DecodeWindow::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

void DecodeWindow::remark(Remark::Status status, int64_t begin, int64_t end, const std::string& reason) {
  if (end > begin) result_.remarks.push_back({status, begin, end, reason});
}

void DecodeWindow::collect(const whisper_window_info& info) {
  Counters::instance().windows++;
  result_.windows++;
  result_.fallbacks += info.n_attempts - 1;
  next_ = samplesAt(info.seek_next);
  const int64_t begin = samplesAt(info.seek);

  auto found = drafts(info);
  const std::string attempts = std::to_string(info.n_attempts) + (info.n_attempts == 1 ? " attempt" : " attempts");
  if (info.no_speech) {
    const int percent = static_cast<int>(std::lround(info.no_speech_prob * 100));
    remark(Remark::Status::kSuppressed, begin, next_, "judged to hold no speech (" + std::to_string(percent) + " %)");
  } else if (found.empty() && info.failed) {
    remark(Remark::Status::kFailed, begin, next_, "no usable text in " + attempts);
  } else if (found.empty()) {
    remark(Remark::Status::kSuppressed, begin, next_, "the model found no words");
  } else if (info.failed) {
    remark(Remark::Status::kDecoded, begin, next_, "kept although it looked wrong in " + attempts);
  }
  if (found.empty()) return;
  if (options_.words || options_.maxSegmentLength > 0) align(found, info);
  removeLoops(found);
  emit(found);
}

std::vector<DecodeWindow::Draft> DecodeWindow::drafts(const whisper_window_info& info) const {
  std::vector<Draft> all;
  whisper_context* context = model_.context();
  const whisper_token firstSpecial = whisper_token_eot(context);
  for (int i = info.i_segment; i < info.i_segment + info.n_segments; ++i) {
    Draft draft;
    const int count = whisper_full_n_tokens_from_state(state_, i);
    for (int k = 0; k < count; ++k) {
      const whisper_token_data token = whisper_full_get_token_data_from_state(state_, i, k);
      if (token.id >= firstSpecial) continue;
      draft.tokens.push_back({token.id, whisper_token_to_str(context, token.id), token.p, token.plog});
    }
    draft.groups = groupWords(draft.tokens, options_.translate ? "en" : options_.language);
    draft.groups.erase(
        std::remove_if(draft.groups.begin(), draft.groups.end(), [](const TokenWord& w) { return w.text.empty(); }),
        draft.groups.end());
    if (draft.groups.empty()) continue;
    double sum = 0;
    for (const auto& token : draft.tokens) sum += token.logProbability;
    draft.segment.begin = samplesAt(static_cast<int>(whisper_full_get_segment_t0_from_state(state_, i)));
    draft.segment.end = samplesAt(static_cast<int>(whisper_full_get_segment_t1_from_state(state_, i)));
    draft.segment.avgLogprob = static_cast<float>(sum / static_cast<double>(draft.tokens.size()));
    draft.segment.noSpeechProb = info.no_speech_prob;
    for (const auto& group : draft.groups) {
      Word word;
      word.begin = draft.segment.begin;
      word.end = draft.segment.end;
      word.text = group.text;
      word.glued = group.glued;
      for (size_t t = group.first; t < group.first + group.count; ++t) word.probability += draft.tokens[t].probability;
      word.probability /= static_cast<float>(group.count);
      draft.segment.words.push_back(std::move(word));
    }
    all.push_back(std::move(draft));
  }
  return all;
}

// Runs the window's text through the decoder once more, all tokens at once, and reads the times off the attention.
void DecodeWindow::align(std::vector<Draft>& drafts, const whisper_window_info& info) {
  const whisper_aheads heads = alignmentHeads(model_.info());
  if (heads.n_heads == 0) return spread(drafts);  // an unknown shape of decoder
  whisper_context* context = model_.context();
  std::vector<whisper_token> tokens = {whisper_token_sot(context)};
  if (model_.info().multilingual) {
    tokens.push_back(whisper_token_lang(context, whisper_lang_id(options_.language.c_str())));
    tokens.push_back(options_.translate ? whisper_token_translate(context) : whisper_token_transcribe(context));
  }
  tokens.push_back(whisper_token_not(context));
  const size_t prefix = tokens.size();
  for (const auto& draft : drafts) {
    for (const auto& token : draft.tokens) tokens.push_back(token.id);
  }

  const auto stride = static_cast<size_t>(info.audio_ctx);
  const int total = static_cast<int>(input_.count / kFrame10ms);
  AttentionScores scores;
  scores.heads = heads.n_heads;
  scores.tokens = tokens.size();
  scores.stride = stride;
  scores.frames = static_cast<size_t>(
      std::clamp((std::min(kWindowFrames, total - info.seek) + 1) / 2, 1, static_cast<int>(stride)));
  LedgerVector<float, MemoryKind::kStates> buffer(scores.heads * scores.tokens * stride);
  if (whisper_align_scores(context, state_, heads, tokens.data(), static_cast<int>(tokens.size()), options_.threads,
                           buffer.data()) != 0) {
    cancel_.throwIfCancelled();
    throw Error(codes::kDecode, "whisper.cpp failed while aligning words");
  }
  scores.scores = buffer.data();
  const std::vector<int> begins = alignTokens(scores, prefix - 1);

  const int64_t windowBegin = samplesAt(info.seek);
  const auto at = [&](size_t token) { return std::min(end_, windowBegin + begins[token] * kFrame20ms); };
  size_t first = 0;
  for (auto& draft : drafts) {
    for (size_t i = 0; i < draft.groups.size(); ++i) {
      Word& word = draft.segment.words[i];
      word.begin = at(first + draft.groups[i].first);
      word.end = at(first + draft.groups[i].first + draft.groups[i].count);
      fitToSpeech(word);
    }
    first += draft.tokens.size();
  }
}

// Without attention to read times off, a segment's time is shared out by the length of its words.
void DecodeWindow::spread(std::vector<Draft>& drafts) const {
  for (auto& draft : drafts) {
    size_t total = 0, done = 0;
    for (const auto& word : draft.segment.words) total += characters(word.text) + 1;
    const int64_t begin = draft.segment.begin, length = std::max<int64_t>(0, draft.segment.end - begin);
    const auto at = [&](size_t part) {
      return begin + length * static_cast<int64_t>(part) / static_cast<int64_t>(total);
    };
    for (auto& word : draft.segment.words) {
      word.begin = at(done);
      done += characters(word.text) + 1;
      word.end = at(done);
    }
  }
}

// Attention is spread out over a pause before a word; where speech is known, the word lies in the stretch that has most
// of it.
void DecodeWindow::fitToSpeech(Word& word) const {
  int64_t most = 0;
  std::pair<int64_t, int64_t> best{word.begin, word.end};
  int64_t bestEnd = word.end + kSpeechTail;
  for (const auto& [begin, end] : input_.speech) {
    const int64_t low = std::max(begin, word.begin), high = std::min(end, word.end);
    if (high - low > most) {
      most = high - low;
      best = {low, high};
      bestEnd = end;
    }
  }
  word.begin = best.first;
  // Regions are padded, so that no word is clipped; a word that reaches their end stops where the speech does.
  word.end = std::max(std::min(best.second, best.first + kShortestWord), std::min(best.second, bestEnd - kSpeechTail));
}

void DecodeWindow::removeLoops(std::vector<Draft>& drafts) {
  for (;;) {
    std::vector<std::string> words;
    for (const auto& draft : drafts) {
      for (const auto& word : draft.segment.words) words.push_back(word.text);
    }
    const auto loop = findLoop(words);
    if (!loop) return;
    const size_t from = loop->first + loop->period, to = loop->first + loop->period * loop->times;
    int64_t begin = -1, end = 0;
    std::string phrase;
    size_t index = 0;
    for (auto& draft : drafts) {
      std::vector<Word> kept;
      for (auto& word : draft.segment.words) {
        if (index >= loop->first && index < from) phrase += (phrase.empty() ? "" : " ") + word.text;
        if (index >= from && index < to) {
          if (begin < 0) begin = word.begin;
          end = word.end;
        } else {
          kept.push_back(std::move(word));
        }
        ++index;
      }
      draft.segment.words = std::move(kept);
    }
    remark(Remark::Status::kSuppressed, begin, std::max(end, begin + 1),
           "repetition loop: \"" + phrase + "\" " + std::to_string(loop->times) + " times in a row, kept once");
  }
}

// Orders times, splits what is too long, and hands the segments out.
void DecodeWindow::emit(std::vector<Draft>& drafts) {
  const bool aligned = options_.words || options_.maxSegmentLength > 0;
  std::vector<Segment> ready;
  for (auto& draft : drafts) {
    auto& words = draft.segment.words;
    if (words.empty()) continue;
    for (auto& word : words) {
      word.begin = std::clamp(word.begin, written_, end_);
      word.end = std::clamp(word.end, word.begin, end_);
      if (aligned) written_ = word.end;
    }
    const auto limit = static_cast<size_t>(options_.maxSegmentLength);
    for (size_t from = 0; from < words.size();) {
      size_t to = from + 1;
      while (to < words.size() && (limit == 0 || characters(joined(words, from, to + 1)) <= limit)) ++to;
      Segment segment = draft.segment;
      segment.words.assign(words.begin() + static_cast<std::ptrdiff_t>(from),
                           words.begin() + static_cast<std::ptrdiff_t>(to));
      segment.text = joined(words, from, to);
      segment.begin = aligned ? segment.words.front().begin : std::clamp(segment.begin, written_, end_);
      segment.end = aligned ? segment.words.back().end : std::clamp(segment.end, segment.begin, end_);
      written_ = segment.end;
      if (!options_.words) segment.words.clear();
      ready.push_back(std::move(segment));
      from = to;
    }
  }
  if (ready.empty()) return;
  if (onSegments_) onSegments_(ready);
  result_.segments.insert(result_.segments.end(), std::make_move_iterator(ready.begin()),
                          std::make_move_iterator(ready.end()));
}

}  // namespace hearken
