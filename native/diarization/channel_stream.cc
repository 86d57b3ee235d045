#include "diarization/channel_stream.h"

#include <algorithm>
#include <utility>

#include "audio/reader.h"
#include "chunk/silero_detector.h"

namespace hearken {
namespace {

constexpr size_t kBlockFrames = 32;  // about a second at a time
constexpr size_t kBlock = kBlockFrames * kSpeechFrame;
constexpr auto kFrame = static_cast<int64_t>(kSpeechFrame);
constexpr int kPieceFrames = 300;

// The reader's samples are not needed, its frames are; but only its end says where the range's last frame was.
class EndOfRange : public SampleSink {
 public:
  explicit EndOfRange(std::shared_ptr<FrameQueue> queue) : queue_(std::move(queue)) {}
  void take(const float*, size_t, CancelToken&) override {}
  void end() override { queue_->end(); }

 private:
  const std::shared_ptr<FrameQueue> queue_;
};

// Without a constant offset, which is no sound.
float powerOf(const float* samples) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < kSpeechFrame; ++i) {
    sum += samples[i];
    squares += static_cast<double>(samples[i]) * samples[i];
  }
  const double mean = sum / kSpeechFrame;
  return static_cast<float>(std::max(0.0, squares / kSpeechFrame - mean * mean));
}

}  // namespace

struct ChannelStream::Channel {
  explicit Channel(std::unique_ptr<SpeechDetector> made) : detector(std::move(made)) { detector->reset(); }

  // Keeps the regions that can't change any more.
  void collect() {
    spoken.insert(spoken.end(), regions.closed().begin(), regions.closed().end());
    regions.forget(INT64_MAX);
  }

  // Those whose turns reach `from`, and the one that goes on.
  std::vector<FrameSpan> since(int64_t from, int64_t frame) const {
    auto first = spoken.end();
    while (first != spoken.begin() && (first - 1)->end * kFrame + ChannelTurns::kAfter >= from) --first;
    std::vector<FrameSpan> recent(first, spoken.end());
    if (const auto begin = regions.openBegin()) recent.push_back({*begin, frame});
    return recent;
  }

  std::unique_ptr<SpeechDetector> detector;
  SpeechRegions regions;
  std::vector<float> probabilities;  // of the block
  std::vector<FrameSpan> spoken;
  ChannelVoice voice;
};

ChannelStream::ChannelStream(std::shared_ptr<const DiarizationModel> model,
                             std::shared_ptr<const SileroWeights> detector)
    : model_(std::move(model)), detector_(std::move(detector)), queue_(std::make_shared<FrameQueue>()) {}

ChannelStream::~ChannelStream() {
  queue_->close();
}

StreamInput ChannelStream::input(int64_t begin, int64_t end) {
  begin_ = std::clamp<int64_t>(begin, 0, kLongestAudio);
  end_ = std::max(begin_, end);
  return {std::make_shared<EndOfRange>(queue_), queue_};
}

void ChannelStream::run(CancelToken& cancel, const OnTurns& onTurns) {
  if (ended_) return;  // by end(): nothing is fed that could be waited for
  // Whatever ends this: nobody waits for room in the queue any more, and what was heard so far can be told.
  const std::shared_ptr<void> closing(nullptr, [this](void*) {
    try {
      collectAll();  // nothing is left to do where run() came to its end
    } catch (const std::exception&) {
      // No memory: an error is under way already, and what was heard so far is told without the last stretch.
    }
    embedding_.reset();
    runBytes_ = 0;
    end();
  });
  const FrameQueue::Format format = queue_->format(cancel);
  heard_.update(static_cast<uint64_t>(format.sampleRate));
  heard_.update(static_cast<uint64_t>(format.channels));
  ChannelReader reader(queue_, format, begin_, end_, kBlock);
  for (size_t c = 0; c < reader.channels(); ++c) {
    channels_.push_back(std::make_unique<Channel>(makeSileroDetector(detector_)));
  }
  gate_ = std::make_unique<CrosstalkGate>(reader.channels());
  embedding_ = std::make_unique<EmbeddingNet>(model_->embedding(), kPieceFrames);
  Buffer block(MemoryKind::kDiarization, reader.channels() * kBlock * sizeof(float));
  runBytes_ = reader.byteSize() + embedding_->bytes() + static_cast<int64_t>(block.size());
  needed_ = reader.needs();
  for (bool last = false; !last;) {
    const size_t count = reader.read(block.floats(), cancel);
    last = count < kBlock;
    for (size_t c = 0; c < reader.channels(); ++c) {
      float* samples = block.floats() + c * kBlock;
      heard_.update(samples, count * sizeof(float));
      std::fill(samples + count, samples + kBlock, 0.0f);
    }
    listen(block.floats(), count, cancel);
    needed_ = reader.needs();  // before anybody is told of this block, who would take it for the next
    const int64_t decided = last ? samples_ : std::max(decided_, settled());
    const std::vector<Turn> turns = newTurns(decided_, decided);
    decided_ = decided;
    if (last) {
      for (auto& channel : channels_) channel->voice.finish(fbank_, *embedding_, cancel);
      collectAll();
      heardAll(heard_.digest());
    }
    if (onTurns) onTurns(turns, decided);
  }
}

void ChannelStream::collectAll() {
  for (auto& channel : channels_) {
    channel->regions.finish();
    channel->collect();
  }
}

void ChannelStream::end() noexcept {
  queue_->close();
  ended_ = true;
}

void ChannelStream::listen(const float* samples, size_t count, CancelToken& cancel) {
  const size_t frames = (count + kSpeechFrame - 1) / kSpeechFrame;
  for (size_t c = 0; c < channels_.size(); ++c) {
    channels_[c]->probabilities.clear();
    channels_[c]->detector->detect(samples + c * kBlock, frames, channels_[c]->probabilities, cancel);
  }
  for (size_t frame = 0; frame < frames; ++frame) hear(samples + frame * kSpeechFrame, frame, cancel);
  for (auto& channel : channels_) channel->collect();
  samples_ += static_cast<int64_t>(count);
}

// One frame of all channels, of which the samples lie kBlock apart.
void ChannelStream::hear(const float* samples, size_t frame, CancelToken& cancel) {
  std::vector<float> power, probability;
  for (size_t c = 0; c < channels_.size(); ++c) {
    power.push_back(powerOf(samples + c * kBlock));
    probability.push_back(channels_[c]->probabilities[frame]);
  }
  gate_->process(power.data(), probability.data());
  const auto speaking =
      std::count_if(probability.begin(), probability.end(), [](float p) { return p >= SpeechRegions::kWeak; });
  for (size_t c = 0; c < channels_.size(); ++c) {
    channels_[c]->regions.push(probability[c]);
    const bool clean = speaking == 1 && probability[c] >= SpeechRegions::kOnset;
    channels_[c]->voice.hear(samples + c * kBlock, kSpeechFrame, clean, fbank_, *embedding_, cancel);
  }
  ++frames_;
}

// Up to where the turns can't change any more, but for pauses that are bridged.
int64_t ChannelStream::settled() const {
  int64_t frame = frames_;
  for (const auto& channel : channels_) {
    const SpeechRegions& regions = channel->regions;
    frame = std::min(frame, regions.openBegin() ? frames_ - SpeechRegions::kMinSilence : regions.settled());
  }
  return std::max<int64_t>(0, frame * kFrame - ChannelTurns::kBefore);
}

// The parts of the turns in [from, to).
std::vector<Turn> ChannelStream::newTurns(int64_t from, int64_t to) const {
  std::vector<std::vector<FrameSpan>> regions;
  for (const auto& channel : channels_) regions.push_back(channel->since(from, frames_));
  std::vector<Turn> turns;
  for (Turn turn : ChannelTurns::make(regions, to)) {
    turn.begin = std::max(turn.begin, from);
    if (turn.begin < turn.end) turns.push_back(turn);
  }
  return turns;
}

bool ChannelStream::busy() const {
  return !ended_ && (queue_->ended() || queue_->reached() >= needed_);
}

Speakers ChannelStream::finish(const ClusterOptions&, CancelToken& cancel) const {
  EmbeddingNet embedding(model_->embedding(), kPieceFrames);
  std::vector<std::vector<FrameSpan>> regions;
  Speakers found;
  for (const auto& channel : channels_) {
    regions.push_back(channel->spoken);
    found.speakers.push_back({0, channel->voice.voice(embedding, cancel)});
  }
  found.turns = ChannelTurns::make(regions, samples_);
  found.exclusive = exclusiveTurns(found.turns);
  for (const Turn& turn : found.turns) {
    found.speakers[static_cast<size_t>(turn.speaker)].samples += turn.end - turn.begin;
  }
  return found;
}

int64_t ChannelStream::bytesFor(const FrameQueue::Format& format) {
  return FrameQueue::bytesFor(format) + ChannelReader::bytesFor(format, kBlock) + EmbeddingNet::bytesFor(kPieceFrames) +
         static_cast<int64_t>(static_cast<size_t>(format.channels) * kBlock * sizeof(float));
}

int64_t ChannelStream::byteSize() const {
  return queue_->byteSize() + runBytes_;
}

}  // namespace hearken
