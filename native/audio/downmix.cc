#include "audio/downmix.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace hearken {
namespace {

constexpr double kCancelled = 0.2;  // of the energy that the other sign would give

}  // namespace

Mono::Mono(std::unique_ptr<Decoder> decoder, int channel)
    : decoder_(std::move(decoder)),
      channel_(channel),
      channels_(static_cast<size_t>(decoder_->format().channels)),
      blockFrames_(static_cast<size_t>(std::max(1, decoder_->format().sampleRate / 4))) {
  if (channel < -1 || channel >= decoder_->format().channels) {
    const auto count = std::to_string(channels_);
    throw Error(codes::kInvalidArg, "channel " + std::to_string(channel) + " was asked for, but the audio has " +
                                        count + (channels_ == 1 ? " channel (0)" : " channels (counted from 0)"));
  }
  if (channels_ == 1 || channel >= 0) {
    current_.samples.resize(4096 * channels_);
  } else {
    for (Block* block : {&current_, &next_}) {
      block->samples.resize(blockFrames_ * channels_);
      block->signs.assign(channels_, 1.0f);
    }
    mixed_.resize(blockFrames_);
    gram_.resize(channels_ * channels_);
  }
  const size_t floats = current_.samples.size() + next_.samples.size() + mixed_.size();
  allocation_ = Allocation(MemoryKind::kAudio, static_cast<int64_t>(floats * sizeof(float)));
}

size_t Mono::read(float* out, size_t n, CancelToken& cancel) {
  if (channels_ == 1 || channel_ >= 0) return readOne(out, n, cancel);
  size_t done = 0;
  while (done < n) {
    if (!started_) {
      start(cancel);
    } else if (taken_ == current_.frames) {
      if (current_.frames < blockFrames_) break;
      advance(cancel);
    }
    const size_t part = std::min(n - done, current_.frames - taken_);
    if (part == 0) break;
    std::copy_n(mixed_.data() + taken_, part, out + done);
    taken_ += part;
    done += part;
  }
  return done;
}

void Mono::seek(int64_t frame, CancelToken& cancel) {
  if (channels_ == 1 || channel_ >= 0) return decoder_->seek(frame, cancel);
  const auto block = frame / static_cast<int64_t>(blockFrames_);
  started_ = false;
  first_ = block == 0;
  decoder_->seek(std::max<int64_t>(0, block - 1) * static_cast<int64_t>(blockFrames_), cancel);
  start(cancel);
  const auto inside = static_cast<size_t>(frame - block * static_cast<int64_t>(blockFrames_));
  taken_ = std::min(inside, current_.frames);
}

size_t Mono::readOne(float* out, size_t n, CancelToken& cancel) {
  const size_t offset = channel_ < 0 ? 0 : static_cast<size_t>(channel_);
  size_t done = 0;
  while (done < n) {
    const size_t wanted = std::min<size_t>(n - done, 4096);
    const size_t got = decoder_->read(current_.samples.data(), wanted, cancel);
    for (size_t i = 0; i < got; ++i) out[done + i] = finiteSample(current_.samples[i * channels_ + offset]);
    done += got;
    if (got < wanted) break;
  }
  return done;
}

void Mono::load(Block& block, CancelToken& cancel) {
  block.frames = decoder_->read(block.samples.data(), blockFrames_, cancel);
  for (size_t i = 0; i < block.frames * channels_; ++i) block.samples[i] = finiteSample(block.samples[i]);
  findSigns(block);
}

void Mono::findSigns(Block& block) {
  std::fill(gram_.begin(), gram_.end(), 0.0);
  for (size_t a = 0; a < channels_; ++a) {
    for (size_t b = a; b < channels_; ++b) {
      double sum = 0;
      const float* x = block.samples.data();
      for (size_t i = 0; i < block.frames; ++i, x += channels_) sum += static_cast<double>(x[a]) * x[b];
      gram_[a * channels_ + b] = sum;
    }
  }
  double energy = gram_[0];  // of the signed sum of the channels so far
  block.signs[0] = 1;
  for (size_t c = 1; c < channels_; ++c) {
    double cross = 0;
    for (size_t a = 0; a < c; ++a) cross += block.signs[a] * gram_[a * channels_ + c];
    const double own = gram_[c * channels_ + c];
    const double kept = energy + own + 2 * cross, turned = energy + own - 2 * cross;
    block.signs[c] = kept < kCancelled * turned ? -1.0f : 1.0f;
    energy = std::max(kept, block.signs[c] < 0 ? turned : kept);
  }
}

void Mono::start(CancelToken& cancel) {
  if (!first_) load(next_, cancel);
  before_ = next_.signs;
  load(current_, cancel);
  if (first_ || current_.frames == 0) before_ = current_.signs;
  load(next_, cancel);
  if (next_.frames == 0) next_.signs = current_.signs;
  mix(current_);
  started_ = true;
}

void Mono::advance(CancelToken& cancel) {
  before_ = current_.signs;
  std::swap(current_, next_);
  load(next_, cancel);
  if (next_.frames == 0) next_.signs = current_.signs;
  mix(current_);
}

void Mono::mix(const Block& block) {
  const float scale = 1.0f / static_cast<float>(channels_);
  const bool plain = block.signs == before_ && block.signs == next_.signs &&
                     std::all_of(block.signs.begin(), block.signs.end(), [](float s) { return s > 0; });
  const float half = static_cast<float>(blockFrames_) / 2;
  const float* x = block.samples.data();
  for (size_t i = 0; i < block.frames; ++i, x += channels_) {
    float sum = 0;
    if (plain) {
      for (size_t c = 0; c < channels_; ++c) sum += x[c];
    } else {
      const float place = (static_cast<float>(i) - half) / static_cast<float>(blockFrames_);  // -0.5 .. 0.5
      const std::vector<float>& other = place < 0 ? before_ : next_.signs;
      const float part = std::fabs(place);
      for (size_t c = 0; c < channels_; ++c) sum += x[c] * ((1 - part) * block.signs[c] + part * other[c]);
    }
    mixed_[i] = sum * scale;
  }
  taken_ = 0;
}

}  // namespace hearken
