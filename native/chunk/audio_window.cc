#include "chunk/audio_window.h"

#include <algorithm>
#include <utility>

#include "chunk/speech_detector.h"

namespace hearken {

static_assert(kSpeechFrame == 512, "AudioWindow counts levels in the detector's frames");

AudioWindow::AudioWindow(std::unique_ptr<AudioReader> reader, int64_t begin, int64_t end,
                         std::shared_ptr<SampleSink> sink)
    : reader_(std::move(reader)),
      sink_(std::move(sink)),
      origin_(begin),
      last_(end),
      begin_(begin),
      end_(begin),
      firstBlock_(begin) {}

const float* AudioWindow::grow(size_t& frames, CancelToken& cancel) {
  frames = 0;
  if (finished_) return nullptr;
  if (!started_) {
    if (origin_ > 0) reader_->seek(origin_, cancel);
    started_ = true;
  }
  LedgerVector<float, MemoryKind::kAudio> block(kBlock);
  const size_t wanted = static_cast<size_t>(std::min(kBlock, last_ - end_));
  size_t got = 0;
  while (got < wanted) {
    cancel.throwIfCancelled();
    const size_t n = reader_->read(block.data() + got, wanted - got, cancel);
    if (n == 0) break;
    got += n;
  }
  finished_ = got < static_cast<size_t>(kBlock);
  if (sink_) {
    sink_->take(block.data(), got, cancel);
    if (finished_) sink_->end();
  }
  if (got == 0) return nullptr;
  frames = (got + kFrame - 1) / kFrame;
  std::fill(block.begin() + static_cast<std::ptrdiff_t>(got), block.end(), 0.0f);
  for (size_t f = 0; f < frames; ++f) {
    const size_t from = f * kFrame, n = std::min<size_t>(kFrame, got - from);
    double sum = 0, squares = 0;
    for (size_t i = from; i < from + n; ++i) {
      sum += block[i];
      squares += static_cast<double>(block[i]) * block[i];
    }
    const double mean = sum / static_cast<double>(n);
    levels_.push_back(static_cast<float>(std::max(0.0, squares / static_cast<double>(n) - mean * mean)));
  }
  if (blocks_.empty()) firstBlock_ = end_;
  end_ += static_cast<int64_t>(got);
  blocks_.push_back(std::move(block));
  return blocks_.back().data();
}

void AudioWindow::dropBefore(int64_t position) {
  position = std::min(position, end_);
  if (position <= begin_) return;
  begin_ = position;
  while (!blocks_.empty() && firstBlock_ + kBlock <= begin_) {
    blocks_.pop_front();
    firstBlock_ += kBlock;
  }
  const int64_t frame = std::min(frameOf(position), firstLevel_ + static_cast<int64_t>(levels_.size()));
  levels_.erase(levels_.begin(), levels_.begin() + (frame - firstLevel_));
  firstLevel_ = frame;
}

LedgerVector<float, MemoryKind::kAudio> AudioWindow::copy(int64_t from, int64_t to) const {
  LedgerVector<float, MemoryKind::kAudio> out;
  out.reserve(static_cast<size_t>(to - from));
  while (from < to) {
    const auto& block = blocks_[static_cast<size_t>((from - firstBlock_) / kBlock)];
    const int64_t offset = (from - firstBlock_) % kBlock, n = std::min(to - from, kBlock - offset);
    out.insert(out.end(), block.begin() + offset, block.begin() + offset + n);
    from += n;
  }
  return out;
}

float AudioWindow::power(int64_t from, int64_t to) const {
  const int64_t first = std::max(frameOf(from), firstLevel_);
  const int64_t last = std::min(frameOf(to - 1) + 1, firstLevel_ + static_cast<int64_t>(levels_.size()));
  double sum = 0;
  for (int64_t f = first; f < last; ++f) sum += levels_[static_cast<size_t>(f - firstLevel_)];
  return last > first ? static_cast<float>(sum / static_cast<double>(last - first)) : 0.0f;
}

int64_t AudioWindow::quietest(int64_t from, int64_t to, int64_t length) const {
  const int64_t step = std::max<int64_t>(kFrame, length / kFrame * kFrame);
  int64_t first = (std::max(from, begin_) - origin_ + kFrame - 1) / kFrame * kFrame + origin_;  // a frame's beginning
  int64_t best = (from + to) / 2;
  float least = -1;
  for (; first + step <= to; first += kFrame) {
    const float now = power(first, first + step);
    if (least < 0 || now < least) {
      least = now;
      best = first + step / 2;
    }
  }
  return best;
}

}  // namespace hearken
