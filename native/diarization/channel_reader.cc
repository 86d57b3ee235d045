#include "diarization/channel_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "audio/decoder.h"

namespace hearken {

namespace {

// The frames of one block, those around it, and one that depends on where in the ratio the block begins.
size_t roomFor(const Resampler& resampler, size_t block) {
  return static_cast<size_t>(resampler.lastInput(static_cast<int64_t>(block)) - resampler.firstInput(0)) + 2;
}

}  // namespace

int64_t ChannelReader::bytesFor(const FrameQueue::Format& format, size_t block) {
  const size_t room = roomFor(Resampler(format.sampleRate), block);
  return 2 * static_cast<int64_t>(static_cast<size_t>(format.channels) * room * sizeof(float));
}

ChannelReader::ChannelReader(std::shared_ptr<FrameQueue> queue, FrameQueue::Format format, int64_t begin, int64_t end,
                             size_t block)
    : queue_(std::move(queue)),
      format_(format),
      resampler_(format.sampleRate),
      end_(end),
      block_(block),
      position_(begin),
      base_(resampler_.firstInput(begin)) {
  if (base_ < 0) count_ = static_cast<size_t>(-base_);
  room_ = roomFor(resampler_, block);
  held_ = Buffer(MemoryKind::kDiarization, channels() * room_ * sizeof(float));
  frames_ = Buffer(MemoryKind::kDiarization, channels() * room_ * sizeof(float));
}

int64_t ChannelReader::needs() const {
  return resampler_.lastInput(position_ + static_cast<int64_t>(next()) - 1) + 1;
}

size_t ChannelReader::read(float* out, CancelToken& cancel) {
  size_t n = next();
  if (n == 0) return 0;
  forget();
  fetch(needs(), cancel);
  if (ended_) {
    const int64_t left = resampler_.outputFrames(base_ + static_cast<int64_t>(count_)) - position_;
    n = static_cast<size_t>(std::clamp<int64_t>(left, 0, static_cast<int64_t>(n)));
  }
  for (size_t c = 0; c < channels(); ++c) resampler_.compute(held(c), base_, position_, n, out + c * block_);
  position_ += static_cast<int64_t>(n);
  return n;
}

// Drops the frames that no output needs any more.
void ChannelReader::forget() {
  const auto unused = static_cast<size_t>(
      std::clamp<int64_t>(resampler_.firstInput(position_) - base_, 0, static_cast<int64_t>(count_)));
  for (size_t c = 0; c < channels(); ++c) std::memmove(held(c), held(c) + unused, (count_ - unused) * sizeof(float));
  count_ -= unused;
  base_ += static_cast<int64_t>(unused);
}

void ChannelReader::fetch(int64_t upTo, CancelToken& cancel) {
  const int64_t have = base_ + static_cast<int64_t>(count_);
  if (have >= upTo) return;
  const auto wanted = static_cast<size_t>(upTo - have);
  const size_t got = ended_ ? 0 : queue_->read(have, upTo, frames_.floats(), cancel);
  for (size_t c = 0; c < channels(); ++c) {
    const float* in = frames_.floats() + c;
    float* to = held(c) + count_;
    for (size_t i = 0; i < got; ++i) to[i] = finiteSample(in[i * channels()]);
    std::fill(to + got, to + wanted, 0.0f);  // behind the end, for the last outputs
  }
  count_ += got;
  ended_ = got < wanted;
}

}  // namespace hearken
