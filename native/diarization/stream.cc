#include "diarization/stream.h"

#include <algorithm>
#include <utility>

#include "audio/reader.h"
#include "core/counters.h"
#include "core/error.h"
#include "core/pages.h"
#include "core/parallel.h"

namespace hearken {
namespace {

constexpr int64_t kWindow = SegmentationShape::kWindow;
constexpr int kBatch = 4;                              // windows a thread computes at once: more are no faster
constexpr size_t kPieces = 8;                          // that a thread embeds at once
constexpr int64_t kAhead = int64_t{10} * kSampleRate;  // that may wait beyond one batch

int64_t stretchOf(int64_t windows, int64_t hop) {
  return kWindow + (windows - 1) * hop;
}

// Before the windows that are computed lie runs of speech that still go on.
int64_t queueLength(const StreamOptions& options) {
  const auto behind = static_cast<int64_t>((options.timeline.longestRun + 1) * kSampleRate);
  return behind + stretchOf(int64_t{kBatch} * options.threads, options.timeline.hop) + kAhead;
}

OnlineOptions onlineOptions(const StreamOptions& options) {
  OnlineOptions online;
  online.maxSpeakers = options.maxSpeakers;
  return online;
}

}  // namespace

// One thread's nets, and what it hands to them.
struct DiarizationStream::Worker {
  Worker(const DiarizationModel& model, const Timeline& timeline)
      : segmentation(model.segmentation(), kBatch, static_cast<int>(timeline.hop)), embedding(model.embedding()) {}
  int64_t bytes() const { return segmentation.bytes() + embedding.bytes(); }

  void embed(CancelToken& cancel) {
    std::vector<EmbeddingNet::Piece> pieces;
    for (const auto& [fbank, out] : picked) {
      pieces.push_back({fbank.data(), static_cast<int>(fbank.size() / Fbank::kBins), out});
    }
    embedding.run(pieces.data(), pieces.size(), cancel);
    Counters::instance().embedded += static_cast<int64_t>(pieces.size());
    picked.clear();
  }

  SegmentationNet segmentation;
  EmbeddingNet embedding;
  LedgerVector<float, MemoryKind::kDiarization> stretch;
  struct Picked {
    LedgerVector<float, MemoryKind::kDiarization> fbank;
    float* embedding;
  };
  std::vector<Picked> picked;
};

DiarizationStream::DiarizationStream(std::shared_ptr<const DiarizationModel> model, const StreamOptions& options)
    : model_(std::move(model)),
      options_(options),
      queue_(std::make_shared<SampleQueue>(static_cast<size_t>(queueLength(options)), static_cast<size_t>(kWindow))),
      tracker_(options.timeline),
      online_(onlineOptions(options)) {
  for (int i = 0; i < options.threads; ++i) workers_.push_back(std::make_unique<Worker>(*model_, options.timeline));
}

DiarizationStream::~DiarizationStream() {
  queue_->close();
}

// Windows that can be computed now. Which one is the last is known when the audio has ended, or goes on behind it.
int64_t DiarizationStream::windowsIn(const SampleQueue::Stretch& stretch) const {
  const int64_t ahead = stretch.end - windowBegin();
  const int64_t whole = ahead > kWindow ? (ahead - 1 - kWindow) / options_.timeline.hop + 1 : 0;
  return stretch.ended && stretch.end > 0 ? whole + 1 : whole;
}

void DiarizationStream::run(CancelToken& cancel, const OnTurns& onTurns) {
  const std::shared_ptr<void> closing(nullptr, [this](void*) { end(); });
  while (!listen(cancel).empty()) {
    const Step step = advance({}, cancel);
    if (onTurns) onTurns(step.turns, step.decided);
  }
}

void DiarizationStream::end() noexcept {
  if (ended_) return;
  queue_->close();
  record_.end(samples_);
  batch_.reset();
  ended_ = true;
}

std::vector<Digest> DiarizationStream::listen(CancelToken& cancel) {
  if (batch_) throw Error(codes::kInvalidArg, "the windows that were told last come first");
  if (ended_) return {};
  try {
    const int64_t most = int64_t{kBatch} * options_.threads, hop = options_.timeline.hop;
    const auto stretch = queue_->wait(windowBegin() + kWindow + 1, windowBegin() + stretchOf(most, hop) + 1, cancel);
    const int64_t all = windowsIn(stretch), windows = std::min(all, most);
    Batch batch{stretch, stretch.ended && windows == all, {}};
    for (int64_t i = 0; i < windows; ++i) {
      const auto heard = static_cast<int64_t>(heard_.size() / sizeof(float));
      const int64_t end = std::min(windowBegin() + i * hop + kWindow, stretch.end);
      heard_.update(stretch.at(heard), static_cast<size_t>(end - heard) * sizeof(float));
      batch.digests.push_back(digestOf(window_ + i, batch.last && i + 1 == windows));
    }
    if (windows > 0) return batch_.emplace(std::move(batch)).digests;
    heardAll(heard_.digest());  // there was not a single sample
    end();
    return {};
  } catch (...) {
    end();
    throw;
  }
}

// Of what was heard up to the window's end.
Digest DiarizationStream::digestOf(int64_t window, bool last) const {
  Hash hash = heard_;
  hash.update(static_cast<uint64_t>(window));
  hash.update(static_cast<uint64_t>(last));
  const Timeline& t = options_.timeline;
  hash.update(static_cast<uint64_t>(t.hop));
  for (const double value : {t.link, t.bridge, t.longest, t.enoughClean, t.shortest, t.longestRun}) {
    hash.update(&value, sizeof(value));
  }
  return hash.digest();
}

DiarizationStream::Step DiarizationStream::advance(const std::vector<PackedRecord>& known, CancelToken& cancel) {
  if (!batch_ || !(known.empty() || known.size() == batch_->digests.size())) {
    throw Error(codes::kInvalidArg, "one record, or none, for each of the windows that were told last");
  }
  try {
    Step step = process(*batch_, known, cancel);
    const bool last = batch_->last;
    window_ += static_cast<int64_t>(batch_->digests.size());
    batch_.reset();
    queue_->drop(std::min(windowBegin(), tracker_.neededSample()));
    if (last) {
      heardAll(heard_.digest());
      end();
    }
    return step;
  } catch (...) {
    end();
    throw;
  }
}

DiarizationStream::Step DiarizationStream::process(const Batch& batch, const std::vector<PackedRecord>& known,
                                                   CancelToken& cancel) {
  const auto& [stretch, last, digests] = batch;
  std::vector<Window> windows = hear(batch, known, cancel);
  std::vector<Coming> coming = follow(windows, last);
  tellVoices(stretch, windows, coming, cancel);
  const size_t first = record_.pieces();
  for (size_t i = 0; i < coming.size(); ++i) {
    if (coming[i].like == first + i) {
      record_.add(coming[i].heard, coming[i].embedding.data());
    } else {
      record_.addLike(coming[i].heard, coming[i].like);
    }
  }
  Step step;
  float voice[EmbeddingWeights::kDimensions];
  for (size_t i = 0; i < coming.size(); ++i) {
    record_.voices().voice(coming[i].like, voice);
    const int64_t end = last ? stretch.end : INT64_MAX;
    const std::vector<Turn> more = online_.add(coming[i].heard, voice, end, coming[i].like == first + i);
    step.turns.insert(step.turns.end(), more.begin(), more.end());
  }
  recordBytes_ = record_.byteSize();
  sortTurns(step.turns);
  online_.decided(tracker_.decidedFrame());
  samples_ = last ? stretch.end : std::max<int64_t>(0, frameBegin(tracker_.decidedFrame()));
  step.decided = samples_;
  for (size_t i = 0; i < windows.size(); ++i) {
    step.records.push_back(windows[i].computed ? pack(windows[i].record, digests[i]) : PackedRecord());
  }
  return step;
}

// Who is active in each window: as it is known, or as the net says.
std::vector<DiarizationStream::Window> DiarizationStream::hear(const Batch& batch,
                                                               const std::vector<PackedRecord>& known,
                                                               CancelToken& cancel) {
  constexpr size_t kFloats = size_t{SegmentationShape::kFrames} * SegmentationShape::kClasses;
  std::vector<Window> windows(batch.digests.size());
  std::vector<size_t> unknown;
  for (size_t i = 0; i < windows.size(); ++i) {
    windows[i].computed = known.empty() || !unpack(known[i], batch.digests[i], windows[i].record);
    if (!windows[i].computed) continue;
    windows[i].record.heard.clear();
    unknown.push_back(i);
  }
  const size_t threads = std::min(workers_.size(), unknown.size());
  // Each thread takes some in a row, since windows next to each other share work.
  if (threads > 0) {
    inParallel(static_cast<int>(threads), [&](int thread) {
      const size_t share = static_cast<size_t>(thread);
      std::vector<float> logProbabilities;
      for (size_t at = unknown.size() * share / threads, to = unknown.size() * (share + 1) / threads; at < to;) {
        size_t count = 1;
        while (at + count < to && unknown[at + count] == unknown[at] + count) ++count;
        logProbabilities.resize(count * kFloats);
        const float* samples =
            batch.stretch.at(windowBegin() + static_cast<int64_t>(unknown[at]) * options_.timeline.hop);
        workers_[share]->segmentation.run(samples, static_cast<int>(count), logProbabilities.data(), cancel);
        for (size_t i = 0; i < count; ++i) {
          sumActivities(logProbabilities.data() + i * kFloats, windows[unknown[at + i]].record.activities);
        }
        at += count;
      }
    });
  }
  Counters::instance().segmented += static_cast<int64_t>(unknown.size());
  return windows;
}

// The stretches of speech that the windows complete.
std::vector<DiarizationStream::Coming> DiarizationStream::follow(const std::vector<Window>& windows, bool last) {
  std::vector<Coming> coming;
  const size_t first = record_.pieces();
  for (size_t i = 0; i < windows.size(); ++i) {
    const bool end = last && i + 1 == windows.size();
    uint16_t number = 0;
    for (HeardPiece& piece : tracker_.add(windows[i].record.activities, end)) {
      const size_t id = first + coming.size();
      coming.push_back({std::move(piece), {}, std::vector<float>(EmbeddingWeights::kDimensions), id, i, number++});
      pickFrames(options_.timeline, coming.back().heard, coming.back().frames);
      chains_.add(coming.back().heard, id, !coming.back().frames.empty());
    }
    chains_.endWindow(end ? INT64_MAX : tracker_.decidedFrame());
  }
  return coming;
}

// Gives each piece its embedding, unless it has too little speech, or the piece it is like. Embeddings are used as they
// are kept, in numbers of 16 bit, so that what was kept and what is computed do not differ.
void DiarizationStream::tellVoices(const SampleQueue::Stretch& stretch, std::vector<Window>& windows,
                                   std::vector<Coming>& coming, CancelToken& cancel) {
  const size_t first = record_.pieces();
  for (auto ids = chains_.wanted(); !ids.empty(); ids = chains_.wanted()) {
    std::vector<const Coming*> unknown;
    for (const size_t id : ids) {
      const Coming& piece = coming[id - first];
      if (!windows[piece.window].record.voiceOf(piece.number)) unknown.push_back(&piece);
    }
    const std::vector<float> computed = embed(stretch, unknown, cancel);
    for (size_t i = 0; i < unknown.size(); ++i) {
      Window& window = windows[unknown[i]->window];
      window.computed = true;
      window.record.heard.push_back({unknown[i]->number, {}});
      toNumbers(computed.data() + i * EmbeddingWeights::kDimensions, window.record.heard.back().voice);
    }
    std::vector<float> embeddings;
    for (const size_t id : ids) {
      Coming& piece = coming[id - first];
      const VoiceNumbers& voice = *windows[piece.window].record.voiceOf(piece.number);
      piece.embedding.assign(voice.begin(), voice.end());
      embeddings.insert(embeddings.end(), voice.begin(), voice.end());
    }
    for (const auto& like : chains_.hear(embeddings.data())) coming[like.piece - first].like = like.other;
  }
}

std::vector<float> DiarizationStream::embed(const SampleQueue::Stretch& stretch,
                                            const std::vector<const Coming*>& pieces, CancelToken& cancel) {
  std::vector<float> embeddings(pieces.size() * EmbeddingWeights::kDimensions);
  if (pieces.empty()) return embeddings;
  // Several at a time, which costs less than one by one; whoever is free takes the next ones.
  const size_t share = std::min(kPieces, (pieces.size() + workers_.size() - 1) / workers_.size());
  const size_t tasks = (pieces.size() + share - 1) / share;
  std::atomic<size_t> next{0};
  inParallel(static_cast<int>(std::min(tasks, workers_.size())), [&](int thread) {
    Worker& worker = *workers_[static_cast<size_t>(thread)];
    for (size_t task; (task = next++) < tasks;) {
      const size_t end = std::min(pieces.size(), (task + 1) * share);
      for (size_t i = task * share; i < end; ++i) {
        pick(worker, stretch, pieces[i]->frames, embeddings.data() + i * EmbeddingWeights::kDimensions);
      }
      worker.embed(cancel);
    }
  });
  return embeddings;
}

// Adds the filter bank of the frames that a piece's voice is computed from.
void DiarizationStream::pick(Worker& worker, const SampleQueue::Stretch& stretch, const std::vector<int64_t>& frames,
                             float* embedding) const {
  constexpr size_t kBins = Fbank::kBins;
  const int64_t from = frames.front();
  const auto length = static_cast<size_t>(frames.back() - from + 1);
  if (from * Fbank::kShift < stretch.begin) throw Error(codes::kInternal, "the audio of a piece of speech is gone");
  worker.stretch.resize(length * kBins);
  fbank_.compute(stretch.at(from * Fbank::kShift), length, worker.stretch.data());
  auto& picked = worker.picked.emplace_back();
  picked.fbank.reserve(frames.size() * kBins);
  for (const int64_t frame : frames) {
    const auto row = worker.stretch.begin() + static_cast<ptrdiff_t>((frame - from) * int64_t{kBins});
    picked.fbank.insert(picked.fbank.end(), row, row + kBins);
  }
  picked.embedding = embedding;
}

bool DiarizationStream::busy() const {
  if (ended_) return false;
  const auto stretch = queue_->look();
  return stretch.ended || stretch.end > windowBegin() + kWindow;
}

Speakers DiarizationStream::finish(const ClusterOptions& options, CancelToken& cancel) const {
  return stitch(record_, cluster(record_, options, cancel));
}

int64_t DiarizationStream::bytesFor(const StreamOptions& options) {
  return SampleQueue::bytesFor(static_cast<size_t>(queueLength(options)), static_cast<size_t>(kWindow)) +
         options.threads * (SegmentationNet::bytesFor(kBatch) + EmbeddingNet::bytesFor());
}

int64_t DiarizationStream::byteSize() const {
  int64_t bytes = queue_->byteSize() + recordBytes_;
  for (const auto& worker : workers_) bytes += worker->bytes();
  return bytes;
}

}  // namespace hearken
