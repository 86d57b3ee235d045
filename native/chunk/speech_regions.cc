#include "chunk/speech_regions.h"

namespace hearken {

void SpeechRegions::push(float probability) {
  const int64_t frame = frame_++;
  if (!inside_) {
    if (!weak_.empty() && frame - weak_.back().end > kNear) weak_.clear();
    if (!(probability >= kWeak)) return;
    inside_ = true;
    begin_ = frame;
    quiet_ = loud_ = 0;
  }
  if (probability >= kOnset && ++loud_ == kMinSpeech) joinWeak(begin_);
  if (probability >= kOffset) {
    quiet_ = 0;
    return;
  }
  if (quiet_++ == 0) quietFrom_ = frame;
  if (quiet_ >= kMinSilence) close();
}

void SpeechRegions::finish() {
  if (inside_) close();
  weak_.clear();
}

void SpeechRegions::close() {
  inside_ = false;
  const FrameSpan region{begin_, quiet_ > 0 ? quietFrom_ : frame_};
  if (loud_ >= kMinSpeech || region.begin - lastEnd_ <= kNear) {
    closed_.push_back(region);
    lastEnd_ = region.end;
  } else {
    weak_.push_back(region);
  }
}

// Something that counts begins: so do the weak regions from which it can be reached in short steps.
void SpeechRegions::joinWeak(int64_t begin) {
  size_t first = weak_.size();
  for (; first > 0 && begin - weak_[first - 1].end <= kNear; --first) begin = weak_[first - 1].begin;
  closed_.insert(closed_.end(), weak_.begin() + static_cast<std::ptrdiff_t>(first), weak_.end());
  weak_.clear();
}

std::optional<int64_t> SpeechRegions::openBegin() const {
  if (inside_ && loud_ >= kMinSpeech) return begin_;
  return std::nullopt;
}

int64_t SpeechRegions::settled() const {
  if (!weak_.empty()) return weak_.front().begin;
  return inside_ ? begin_ : frame_;
}

void SpeechRegions::forget(int64_t before) {
  while (!closed_.empty() && closed_.front().end <= before) closed_.pop_front();
}

}  // namespace hearken
