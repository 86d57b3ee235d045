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
  // Whatever ends this: nobody waits for room in the queue any more, and what was heard so far can be told.
  const std::shared_ptr<void> closing(nullptr, [this](void*) {
    queue_->close();
    record_.end(samples_);
    ended_ = true;
  });
  const int64_t most = int64_t{kBatch} * options_.threads, hop = options_.timeline.hop;
  for (bool last = false; !last;) {
    const auto stretch = queue_->wait(windowBegin() + kWindow + 1, windowBegin() + stretchOf(most, hop) + 1, cancel);
    const int64_t all = windowsIn(stretch), windows = std::min(all, most);
    last = stretch.ended && windows == all;
    const std::vector<Turn> turns = windows > 0 ? process(stretch, windows, last, cancel) : std::vector<Turn>();
    window_ += windows;  // first: who is told, and finds busy() true, waits for the next batch
    queue_->drop(std::min(windowBegin(), tracker_.neededSample()));
    if (windows > 0 && onTurns) onTurns(turns, samples_);
  }
}

std::vector<Turn> DiarizationStream::process(const SampleQueue::Stretch& stretch, int64_t count, bool last,
                                             CancelToken& cancel) {
  std::vector<Coming> coming = listen(stretch, count, last, cancel);
  tellVoices(stretch, coming, cancel);
  const size_t first = record_.pieces();
  for (size_t i = 0; i < coming.size(); ++i) {
    if (coming[i].like == first + i) {
      record_.add(coming[i].heard, coming[i].embedding.data());
    } else {
      record_.addLike(coming[i].heard, coming[i].like);
    }
  }
  std::vector<Turn> turns;
  float voice[EmbeddingWeights::kDimensions];
  for (size_t i = 0; i < coming.size(); ++i) {
    record_.voices().voice(coming[i].like, voice);
    const int64_t end = last ? stretch.end : INT64_MAX;
    const std::vector<Turn> more = online_.add(coming[i].heard, voice, end, coming[i].like == first + i);
    turns.insert(turns.end(), more.begin(), more.end());
  }
  recordBytes_ = record_.byteSize();
  sortTurns(turns);
  online_.decided(tracker_.decidedFrame());
  samples_ = last ? stretch.end : std::max<int64_t>(0, frameBegin(tracker_.decidedFrame()));
  return turns;
}

// The stretches of speech that the next windows complete.
std::vector<DiarizationStream::Coming> DiarizationStream::listen(const SampleQueue::Stretch& stretch, int64_t count,
                                                                 bool last, CancelToken& cancel) {
  constexpr int64_t kFloats = int64_t{SegmentationShape::kFrames} * SegmentationShape::kClasses;
  std::vector<float> logProbabilities(static_cast<size_t>(count * kFloats));
  const int64_t threads = std::min(static_cast<int64_t>(workers_.size()), count);
  // Each thread takes a run of windows, since those next to each other share work.
  inParallel(static_cast<int>(threads), [&](int thread) {
    const int64_t from = count * thread / threads, to = count * (thread + 1) / threads;
    const float* samples = stretch.at(windowBegin() + from * options_.timeline.hop);
    workers_[static_cast<size_t>(thread)]->segmentation.run(samples, static_cast<int>(to - from),
                                                            logProbabilities.data() + from * kFloats, cancel);
  });
  Counters::instance().segmented += count;
  std::vector<Coming> coming;
  const size_t first = record_.pieces();
  for (int64_t i = 0; i < count; ++i) {
    const bool end = last && i + 1 == count;
    for (HeardPiece& piece : tracker_.add(logProbabilities.data() + i * kFloats, end)) {
      const size_t id = first + coming.size();
      coming.push_back({std::move(piece), {}, std::vector<float>(EmbeddingWeights::kDimensions), id});
      pickFrames(options_.timeline, coming.back().heard, coming.back().frames);
      chains_.add(coming.back().heard, id, !coming.back().frames.empty());
    }
    chains_.endWindow(end ? INT64_MAX : tracker_.decidedFrame());
  }
  return coming;
}

// Gives each piece its embedding, unless it has too little speech, or the piece it is like.
void DiarizationStream::tellVoices(const SampleQueue::Stretch& stretch, std::vector<Coming>& coming,
                                   CancelToken& cancel) {
  const size_t first = record_.pieces();
  for (auto ids = chains_.wanted(); !ids.empty(); ids = chains_.wanted()) {
    std::vector<const Coming*> pieces;
    for (const size_t id : ids) pieces.push_back(&coming[id - first]);
    const std::vector<float> embeddings = embed(stretch, pieces, cancel);
    for (size_t i = 0; i < ids.size(); ++i) {
      const float* embedding = embeddings.data() + i * EmbeddingWeights::kDimensions;
      coming[ids[i] - first].embedding.assign(embedding, embedding + EmbeddingWeights::kDimensions);
    }
    for (const auto& like : chains_.hear(embeddings.data())) coming[like.piece - first].like = like.other;
  }
}

std::vector<float> DiarizationStream::embed(const SampleQueue::Stretch& stretch,
                                            const std::vector<const Coming*>& pieces, CancelToken& cancel) {
  std::vector<float> embeddings(pieces.size() * EmbeddingWeights::kDimensions);
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
