#include "diarization/stream.h"

#include <algorithm>
#include <utility>

#include "audio/reader.h"
#include "core/counters.h"
#include "core/parallel.h"

namespace hearken {
namespace {

constexpr size_t kWindow = SegmentationShape::kWindow;
constexpr int kBatch = 8;                            // windows a thread computes at once
constexpr size_t kPieces = 8;                        // that a thread embeds at once
constexpr size_t kAhead = size_t{10} * kSampleRate;  // that may wait beyond one batch

size_t stretchOf(size_t windows, int64_t hop) {
  return kWindow + (windows - 1) * static_cast<size_t>(hop);
}

}  // namespace

// One thread's nets, and what it hands from one to the other.
struct DiarizationStream::Worker {
  Worker(const DiarizationModel& model, const Timeline& timeline)
      : segmentation(model.segmentation(), kBatch, static_cast<int>(timeline.hop)), embedding(model.embedding()) {}
  int64_t bytes() const { return segmentation.bytes() + embedding.bytes(); }
  SegmentationNet segmentation;
  EmbeddingNet embedding;
  std::vector<float> logProbabilities;
  std::vector<int> frames;
  std::vector<float> stretch;
  struct Picked {
    std::vector<float> fbank;
    float* embedding;
  };
  std::vector<Picked> picked;
};

DiarizationStream::DiarizationStream(std::shared_ptr<const DiarizationModel> model, const StreamOptions& options)
    : model_(std::move(model)),
      options_(options),
      queue_(std::make_shared<SampleQueue>(
          stretchOf(static_cast<size_t>(kBatch * options.threads), options.timeline.hop) + kAhead, kWindow)),
      record_(options.timeline),
      online_(options.timeline, options.maxSpeakers) {
  for (int i = 0; i < options.threads; ++i) workers_.push_back(std::make_unique<Worker>(*model_, options.timeline));
}

DiarizationStream::~DiarizationStream() {
  queue_->close();
}

// Windows that can be computed now. Which one is the last is known when the audio has ended, or goes on behind it.
size_t DiarizationStream::windowsIn(const SampleQueue::Stretch& stretch) const {
  const size_t whole = stretch.count > kWindow ? (stretch.count - 1 - kWindow) / hop() + 1 : 0;
  if (!stretch.ended) return whole;
  return stretch.count == 0 ? 0 : whole + 1;
}

void DiarizationStream::run(CancelToken& cancel, const OnTurns& onTurns) {
  // Whatever ends this: nobody waits for room in the queue any more, and what was heard so far can be told.
  const std::shared_ptr<void> closing(nullptr, [this](void*) {
    queue_->close();
    record_.end(samples_);
    ended_ = true;
  });
  const auto most = static_cast<size_t>(kBatch * options_.threads);
  for (bool last = false; !last;) {
    const auto stretch = queue_->wait(kWindow + 1, stretchOf(most, options_.timeline.hop) + 1, cancel);
    const size_t all = windowsIn(stretch);
    const size_t windows = std::min(all, most);
    last = stretch.ended && windows == all;
    const std::vector<Turn> turns = windows > 0 ? process(stretch, windows, last, cancel) : std::vector<Turn>();
    queue_->drop(windows * hop());  // first: who is told, and finds busy() true, waits for the next batch
    if (windows > 0 && onTurns) onTurns(turns, samples_);
  }
}

std::vector<Turn> DiarizationStream::process(const SampleQueue::Stretch& stretch, size_t count, bool last,
                                             CancelToken& cancel) {
  std::vector<WindowResult> windows(count);
  const int32_t first = record_.windows();
  const auto threads = std::min(workers_.size(), count);
  // Each thread takes a run of windows, since those next to each other share work.
  inParallel(static_cast<int>(threads), [&](int thread) {
    const size_t from = count * static_cast<size_t>(thread) / threads;
    const size_t to = count * static_cast<size_t>(thread + 1) / threads;
    segment(*workers_[static_cast<size_t>(thread)], stretch.samples + from * hop(), &windows[from], to - from, cancel);
  });
  std::vector<std::pair<size_t, size_t>> pieces;  // window of the batch, piece of the window
  for (size_t i = 0; i < count; ++i) {
    WindowResult& window = windows[i];
    window.last = last && i + 1 == count;
    window.pieces = cutPieces(options_.timeline, first + static_cast<int32_t>(i), window.classes, window.last);
    window.embeddings.assign(window.pieces.size() * EmbeddingWeights::kDimensions, 0.0f);
    for (size_t j = 0; j < window.pieces.size(); ++j) pieces.emplace_back(i, j);
  }
  // Several at a time, which costs less than one by one; whoever is free takes the next ones.
  std::atomic<size_t> next{0};
  const size_t tasks = (pieces.size() + kPieces - 1) / kPieces;
  inParallel(static_cast<int>(std::min(workers_.size(), std::max<size_t>(tasks, 1))), [&](int thread) {
    Worker& worker = *workers_[static_cast<size_t>(thread)];
    for (size_t task; (task = next++) < tasks;) {
      worker.picked.clear();
      const size_t end = std::min(pieces.size(), (task + 1) * kPieces);
      for (size_t i = task * kPieces; i < end; ++i) {
        const auto [window, piece] = pieces[i];
        pick(worker, stretch.samples + window * hop(), windows[window], piece);
      }
      embed(worker, cancel);
    }
  });
  const int64_t heard =
      last ? static_cast<int64_t>(first) * options_.timeline.hop + static_cast<int64_t>(stretch.count) : INT64_MAX;
  std::vector<Turn> turns;
  for (const WindowResult& window : windows) {
    record_.add(window);
    const std::vector<Turn> more = online_.add(window, heard);
    turns.insert(turns.end(), more.begin(), more.end());
  }
  samples_ = last ? heard : online_.decided();
  return turns;
}

void DiarizationStream::segment(Worker& worker, const float* samples, WindowResult* windows, size_t count,
                                CancelToken& cancel) const {
  constexpr size_t kFrames = SegmentationShape::kFrames, kClasses = SegmentationShape::kClasses;
  worker.logProbabilities.resize(count * kFrames * kClasses);
  worker.segmentation.run(samples, static_cast<int>(count), worker.logProbabilities.data(), cancel);
  const float* row = worker.logProbabilities.data();
  for (size_t i = 0; i < count; ++i) {
    for (uint8_t& frameClass : windows[i].classes) {
      frameClass = static_cast<uint8_t>(std::max_element(row, row + kClasses) - row);
      row += kClasses;
    }
  }
  Counters::instance().segmented += static_cast<int64_t>(count);
}

// Adds the filter bank of those frames of a piece that its voice is computed from.
void DiarizationStream::pick(Worker& worker, const float* samples, WindowResult& window, size_t piece) const {
  pickFrames(options_.timeline, window.pieces[piece], window.classes, worker.frames);
  if (worker.frames.size() < EmbeddingNet::kLeastFrames) return;
  constexpr size_t kBins = Fbank::kBins;
  const int from = worker.frames.front();
  const auto length = static_cast<size_t>(worker.frames.back() - from + 1);
  worker.stretch.resize(length * kBins);
  fbank_.compute(samples + static_cast<ptrdiff_t>(from) * Fbank::kShift, length, worker.stretch.data());
  auto& picked = worker.picked.emplace_back();
  picked.fbank.reserve(worker.frames.size() * kBins);
  for (const int frame : worker.frames) {
    const auto row = worker.stretch.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(frame - from) * kBins);
    picked.fbank.insert(picked.fbank.end(), row, row + kBins);
  }
  picked.embedding = window.embeddings.data() + piece * EmbeddingWeights::kDimensions;
}

void DiarizationStream::embed(Worker& worker, CancelToken& cancel) const {
  std::vector<EmbeddingNet::Piece> pieces;
  for (const auto& [fbank, embedding] : worker.picked) {
    pieces.push_back({fbank.data(), static_cast<int>(fbank.size() / Fbank::kBins), embedding});
  }
  worker.embedding.run(pieces.data(), pieces.size(), cancel);
  Counters::instance().embedded += static_cast<int64_t>(pieces.size());
}

bool DiarizationStream::busy() const {
  if (ended_) return false;
  const auto stretch = queue_->look();
  return stretch.ended || stretch.count > kWindow;
}

Speakers DiarizationStream::finish(const ClusterOptions& options, CancelToken& cancel) const {
  return stitch(record_, cluster(record_, options, cancel));
}

int64_t DiarizationStream::byteSize() const {
  int64_t bytes = queue_->byteSize() + record_.byteSize();
  for (const auto& worker : workers_) bytes += worker->bytes();
  return bytes;
}

}  // namespace hearken
