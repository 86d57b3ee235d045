#include "diarization/tracker.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

#include "core/error.h"

namespace hearken {
namespace {

using Shape = SegmentationShape;
constexpr float kSpeech = 0.5f;  // mean activity above which a track speaks

// How much a window's word counts: less towards its ends, where it hears only one side. At the ends of the audio it is
// the only one.
float weightAt(int frame, bool first, bool last) {
  if ((first && frame < Shape::kFrames / 2) || (last && frame >= Shape::kFrames / 2)) return 1;
  const int inside = std::min(frame + 1, Shape::kFrames - frame);
  return std::max(static_cast<float>(inside) / (Shape::kFrames / 2.0f), 0.02f);
}

}  // namespace

Tracker::Tracker(const Timeline& timeline) : timeline_(timeline) {
  if (timeline.hop <= 0 || timeline.hop >= Shape::kWindow - 2 * Shape::kStep) {
    throw Error(codes::kInternal,
                "diarization windows " + std::to_string(timeline.hop) + " samples apart: they have to overlap");
  }
}

std::vector<HeardPiece> Tracker::add(const Activities& activities, bool last) {
  std::vector<Activity> slots;
  for (const auto& slot : activities) {
    Activity& activity = slots.emplace_back(slot.begin(), slot.end());
    for (float& value : activity) value /= kSure;
  }
  const int64_t first = firstFrame(timeline_, window_);
  link(slots, first);
  const auto offset = static_cast<size_t>(first - base_);
  weights_.resize(offset + kFrames);
  for (int frame = 0; frame < kFrames; ++frame) {
    const float weight = weightAt(frame, window_ == 0, last);
    weights_[offset + frame] += weight;
    for (int slot = 0; slot < kSlots; ++slot)
      track(slotTracks_[slot]).sums[offset + frame] += weight * slots[slot][frame];
  }
  before_ = std::move(slots);
  ++window_;
  std::vector<HeardPiece> done;
  settle(last ? first + kFrames : firstFrame(timeline_, window_), done);
  if (last) {
    for (auto& t : tracks_) cut(t, static_cast<size_t>(t.end - t.begin), done);
    tracks_.clear();
  }
  std::sort(done.begin(), done.end(), [](const HeardPiece& a, const HeardPiece& b) {
    return std::tie(a.piece.begin, a.piece.end, a.piece.track) < std::tie(b.piece.begin, b.piece.end, b.piece.track);
  });
  return done;
}

Tracker::Track& Tracker::track(int32_t id) {
  return *std::lower_bound(tracks_.begin(), tracks_.end(), id, [](const Track& t, int32_t i) { return t.id < i; });
}

// Gives each slot of the window that begins at `first` a track: that of the last window's slot it is active together
// with in the assignment with the most common activity, or a new one.
void Tracker::link(const std::vector<Activity>& slots, int64_t first) {
  int32_t tracks[kSlots] = {-1, -1, -1};
  if (window_ > 0) {
    const auto shift = static_cast<int>(first - firstFrame(timeline_, window_ - 1));
    double common[kSlots][kSlots] = {}, left[kSlots] = {}, right[kSlots] = {};
    for (int frame = 0; frame < kFrames - shift; ++frame) {
      for (int a = 0; a < kSlots; ++a) {
        left[a] += before_[a][frame + shift];
        right[a] += slots[a][frame];
        for (int b = 0; b < kSlots; ++b) common[a][b] += before_[a][frame + shift] * slots[b][frame];
      }
    }
    int order[kSlots] = {0, 1, 2}, best[kSlots] = {0, 1, 2};
    double most = -1;
    do {
      const double sum = common[0][order[0]] + common[1][order[1]] + common[2][order[2]];
      if (sum > most) {
        most = sum;
        std::copy(order, order + kSlots, best);
      }
    } while (std::next_permutation(order, order + kSlots));
    for (int a = 0; a < kSlots; ++a) {
      const int b = best[a];
      if (common[a][b] > 0 && common[a][b] >= timeline_.link * std::max(1.0, std::min(left[a], right[b]))) {
        tracks[b] = slotTracks_[a];
      }
    }
  }
  const auto length = static_cast<size_t>(first - base_) + kFrames;
  for (int slot = 0; slot < kSlots; ++slot) {
    slotTracks_[slot] = tracks[slot] >= 0 ? tracks[slot] : nextTrack_++;
    if (tracks[slot] < 0) {
      Track added{};
      added.id = slotTracks_[slot];
      added.begin = added.end = -1;
      tracks_.push_back(std::move(added));
    }
    Track& t = track(slotTracks_[slot]);
    t.heardUntil = first + kFrames;
    t.sums.resize(length);
  }
}

// The frames before `frame` are heard by all windows that cover them.
void Tracker::settle(int64_t frame, std::vector<HeardPiece>& done) {
  std::vector<bool> active(tracks_.size());
  const auto count = static_cast<size_t>(frame - base_);
  for (size_t i = 0; i < count; ++i) {
    int speaking = 0;
    for (size_t t = 0; t < tracks_.size(); ++t) {
      active[t] = i < tracks_[t].sums.size() && tracks_[t].sums[i] > kSpeech * std::max(weights_[i], 1e-6f);
      speaking += active[t];
    }
    for (size_t t = 0; t < tracks_.size(); ++t) {
      step(tracks_[t], base_ + static_cast<int64_t>(i), active[t], active[t] && speaking == 1, done);
    }
    if (speaking > 0) activeUntil_ = base_ + static_cast<int64_t>(i) + 1;
  }
  base_ = frame;
  weights_.erase(weights_.begin(), weights_.begin() + static_cast<ptrdiff_t>(count));
  for (auto& t : tracks_) {
    t.sums.erase(t.sums.begin(), t.sums.begin() + static_cast<ptrdiff_t>(std::min(count, t.sums.size())));
  }
  // Tracks that no window hears any more, and whose last run is over.
  tracks_.erase(std::remove_if(tracks_.begin(), tracks_.end(),
                               [&](const Track& t) { return t.heardUntil <= base_ && t.begin < 0; }),
                tracks_.end());
}

void Tracker::step(Track& track, int64_t frame, bool active, bool alone, std::vector<HeardPiece>& done) {
  if (track.begin < 0) {
    if (!active) return;
    track.begin = frame;
    track.silence = frame - activeUntil_;
  }
  track.run.push_back(static_cast<uint8_t>((active ? HeardPiece::kActive : 0) | (alone ? HeardPiece::kAlone : 0)));
  if (active) track.end = frame + 1;
  if (frame + 1 - track.end > static_cast<int64_t>(timeline_.bridge / kFrameSeconds)) {
    cut(track, static_cast<size_t>(track.end - track.begin), done);
    track.begin = track.end = -1;
    track.run.clear();
    return;
  }
  const auto longest = static_cast<size_t>(timeline_.longestRun / kFrameSeconds);
  if (!active || track.run.size() < longest) return;
  cut(track, longest / 2, done);
  track.begin += static_cast<int64_t>(longest / 2);
  track.silence = 0;
  track.run.erase(track.run.begin(), track.run.begin() + static_cast<ptrdiff_t>(longest / 2));
}

// Makes pieces of equal length of the run's first `length` frames.
void Tracker::cut(Track& track, size_t length, std::vector<HeardPiece>& done) const {
  const auto seconds = static_cast<double>(length) * kFrameSeconds;
  const auto parts = std::max<size_t>(1, static_cast<size_t>(std::ceil(seconds / timeline_.longest - 1e-6)));
  for (size_t part = 0; part < parts && length > 0; ++part) {
    const size_t begin = length * part / parts, end = length * (part + 1) / parts;
    HeardPiece heard;
    heard.piece.begin = static_cast<int32_t>(track.begin + static_cast<int64_t>(begin));
    heard.piece.end = static_cast<int32_t>(track.begin + static_cast<int64_t>(end));
    heard.piece.track = track.id;
    heard.frames.assign(track.run.begin() + static_cast<ptrdiff_t>(begin),
                        track.run.begin() + static_cast<ptrdiff_t>(end));
    if (part == 0) heard.silence = track.silence;
    for (const uint8_t frame : heard.frames) heard.piece.clean += (frame & HeardPiece::kAlone) != 0;
    done.push_back(std::move(heard));
  }
}

int64_t Tracker::decidedFrame() const {
  int64_t frame = base_;
  for (const auto& t : tracks_) {
    if (t.begin >= 0) frame = std::min(frame, t.begin);
  }
  return frame;
}

}  // namespace hearken
