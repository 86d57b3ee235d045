#include "chunk/planner.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "audio/file_content.h"
#include "chunk/audio_window.h"
#include "chunk/cut_rules.h"
#include "chunk/speech_regions.h"
#include "core/error.h"

namespace hearken {
namespace {

constexpr int64_t kFrame = static_cast<int64_t>(kSpeechFrame);
constexpr int64_t kLeastChunk = kSampleRate;
constexpr int64_t kMostChunk = int64_t{3600} * kSampleRate;

void check(const PlanOptions& options, const AudioReader* reader, const SpeechDetector* detector) {
  if (!reader) throw Error(codes::kInvalidArg, "ChunkPlanner needs a reader");
  if (options.detectSpeech && !detector) throw Error(codes::kInvalidArg, "ChunkPlanner needs a speech detector");
  if (options.begin < 0 || options.end < options.begin) {
    throw Error(codes::kInvalidArg, "the range to transcribe must begin at 0 or later and end after its beginning");
  }
  if (options.chunkSamples < kLeastChunk || options.chunkSamples > kMostChunk) {
    throw Error(codes::kInvalidArg, "the chunk length must lie between 1 second and 1 hour, not " +
                                        std::to_string(options.chunkSamples / static_cast<double>(kSampleRate)) + " s");
  }
}

// What a decode of the chunk depends on, besides its options. Floats are hashed as they lie in memory: what is kept
// under a digest stays on the machine.
Digest digestOf(const PlannedChunk& chunk) {
  Hash hash;
  hash.update(chunk.pcm.size());
  hash.update(chunk.pcm.data(), chunk.pcm.size() * sizeof(float));
  for (const Span& region : chunk.speech) {
    hash.update(static_cast<uint64_t>(region.begin - chunk.span.begin));
    hash.update(static_cast<uint64_t>(region.end - chunk.span.begin));
  }
  return hash.digest();
}

}  // namespace

struct ChunkPlanner::Impl {
  Impl(std::unique_ptr<AudioReader> reader, std::unique_ptr<SpeechDetector> speechDetector,
       const PlanOptions& planOptions, std::shared_ptr<SampleSink> sink)
      : options(planOptions),
        lengths(options.chunkSamples),
        detector(std::move(speechDetector)),
        audio(std::move(reader), options.begin, options.end, std::move(sink)),
        owned(options.begin),
        resume(options.begin) {
    if (options.detectSpeech) detector->reset();
  }

  std::optional<PlannedChunk> next(CancelToken& cancel) {
    cancel.throwIfCancelled();
    const bool found = options.detectSpeech ? findSpeech(cancel) : findAudio(cancel);
    if (!found) return std::nullopt;
    const int64_t start = resume;
    audio.dropBefore(start);
    Cut cut;
    SpeechRun speech;
    if (options.detectSpeech) {
      while (!audio.finished() && !(speech = run(start)).complete &&
             speech.known < start + lengths.chunk + lengths.ahead) {
        grow(cancel);
      }
      speech = run(start);
      cut = cutAtPause(speech, start, lengths, audio);
    } else {
      while (!audio.finished() && audio.end() < start + lengths.chunk + lengths.ahead) grow(cancel);
      cut = cutAtQuiet(start, lengths, audio);
      speech.regions.push_back({start, cut.end});
    }
    if (cut.owned <= owned || cut.end > start + lengths.chunk)
      throw Error(codes::kInternal, "the chunk plan does not advance");
    PlannedChunk chunk = make(start, cut, speech);
    owned = cut.owned;
    resume = cut.kind == ChunkEnd::kOverlap ? cut.resume : cut.owned;
    overlapping = cut.kind == ChunkEnd::kOverlap;
    regions.forget(frameAt(resume));
    audio.dropBefore(std::min(resume, audio.end()));
    return chunk;
  }

  // Reads on until there is speech that no chunk owns, and puts `resume` before it. What is silent on the way is
  // dropped.
  bool findSpeech(CancelToken& cancel) {
    for (;;) {
      std::optional<int64_t> begin;
      for (const FrameSpan& region : regions.closed()) {
        if (std::min(sampleAt(region.end), audio.end()) > owned) {  // the last frame may reach beyond the end
          begin = sampleAt(region.begin);
          break;
        }
      }
      if (!begin && regions.openBegin()) begin = sampleAt(*regions.openBegin());
      if (begin) {
        // After a cut in a short pause nothing is left out: what the detector takes for silence may be a weak word's
        // end.
        const bool joined = index > 0 && *begin - lengths.padding - owned <= lengths.skipped - 2 * lengths.padding;
        if (!overlapping) resume = joined ? owned : std::max(owned, *begin - lengths.padding);
        return true;
      }
      overlapping = false;
      regions.forget(regions.settled());
      audio.dropBefore(std::max(owned, sampleAt(regions.settled()) - lengths.padding));
      if (audio.finished()) return false;
      grow(cancel);
    }
  }

  bool findAudio(CancelToken& cancel) {
    while (!audio.finished() && audio.end() <= owned) grow(cancel);
    return audio.end() > owned;
  }

  void grow(CancelToken& cancel) {
    size_t frames = 0;
    const float* samples = audio.grow(frames, cancel);
    if (!options.detectSpeech) return;
    probabilities.clear();
    if (frames > 0) detector->detect(samples, frames, probabilities, cancel);
    for (const float probability : probabilities) regions.push(probability);
    if (audio.finished()) regions.finish();
  }

  // The stretch of speech behind `start`, up to the first long silence.
  SpeechRun run(int64_t start) const {
    SpeechRun result;
    result.known = std::min(sampleAt(regions.settled()), audio.end());
    const auto add = [&](int64_t begin, int64_t end) {
      if (end <= start) return true;
      if (!result.regions.empty() && begin - result.regions.back().end >= lengths.maxSilence) return false;
      result.regions.push_back({std::max(begin, start), std::min(end, audio.end())});
      return true;
    };
    for (const FrameSpan& region : regions.closed()) {
      if (!add(sampleAt(region.begin), sampleAt(region.end))) {
        result.complete = true;
        return result;
      }
    }
    if (const auto open = regions.openBegin()) {
      result.known = audio.end();
      if (!add(sampleAt(*open), audio.end())) result.complete = true;
      return result;
    }
    const int64_t silence = result.regions.empty() ? 0 : result.known - result.regions.back().end;
    result.complete = audio.finished() || silence >= lengths.maxSilence;
    return result;
  }

  PlannedChunk make(int64_t start, const Cut& cut, const SpeechRun& speech) {
    PlannedChunk chunk;
    chunk.index = index++;
    chunk.span = {start, cut.end};
    chunk.owned = {std::max(owned, start), cut.owned};
    chunk.end = cut.kind;
    for (const Span& region : speech.regions) {
      const int64_t begin = std::max(region.begin - lengths.padding, start);
      const int64_t end = std::min(region.end + lengths.padding, cut.end);
      if (begin >= end) continue;
      if (!chunk.speech.empty() && begin <= chunk.speech.back().end) {
        chunk.speech.back().end = std::max(end, chunk.speech.back().end);
      } else {
        chunk.speech.push_back({begin, end});
      }
    }
    chunk.pcm = audio.copy(start, cut.end);
    chunk.digest = digestOf(chunk);
    return chunk;
  }

  int64_t sampleAt(int64_t frame) const { return options.begin + frame * kFrame; }
  int64_t frameAt(int64_t sample) const { return (sample - options.begin) / kFrame; }

  const PlanOptions options;
  const CutLengths lengths;
  std::unique_ptr<SpeechDetector> detector;
  AudioWindow audio;
  SpeechRegions regions;
  std::vector<float> probabilities;
  int64_t owned;             // what lies before belongs to earlier chunks, or is silent
  int64_t resume;            // the next chunk begins here, or later if there is no overlap
  bool overlapping = false;  // the last chunk ended in mid-speech
  int index = 0;
  std::exception_ptr failure;
};

ChunkPlanner::ChunkPlanner(std::unique_ptr<AudioReader> reader, std::unique_ptr<SpeechDetector> detector,
                           const PlanOptions& options, std::shared_ptr<SampleSink> sink) {
  check(options, reader.get(), detector.get());
  impl_ = std::make_unique<Impl>(std::move(reader), std::move(detector), options, std::move(sink));
}

ChunkPlanner::~ChunkPlanner() = default;

// An error leaves audio behind that was read and not kept, and a detector in mid-stream: what came after it would be
// shifted in time. So the first error is the planner's last word.
template <typename F>
auto ChunkPlanner::guarded(F work) {
  if (impl_->failure) std::rethrow_exception(impl_->failure);
  try {
    return work();
  } catch (...) {
    impl_->failure = std::current_exception();
    throw;
  }
}

std::optional<PlannedChunk> ChunkPlanner::next(CancelToken& cancel) {
  return guarded([&] { return impl_->next(cancel); });
}

void ChunkPlanner::drain(CancelToken& cancel) {
  guarded([&] {
    size_t frames = 0;
    while (!impl_->audio.finished()) {
      impl_->audio.grow(frames, cancel);
      impl_->audio.dropBefore(impl_->audio.end());
    }
  });
}

int64_t ChunkPlanner::position() const {
  return impl_->audio.end();
}

std::optional<Digest> ChunkPlanner::contentDigest(bool whole, CancelToken& cancel) {
  FileContent* const content = impl_->audio.content();
  return content ? content->digest(whole, cancel) : std::nullopt;
}

const AudioInfo& ChunkPlanner::info() const {
  return impl_->audio.info();
}

}  // namespace hearken
