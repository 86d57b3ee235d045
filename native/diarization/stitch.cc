#include "diarization/stitch.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace hearken {
namespace {

constexpr int kFrames = SegmentationShape::kFrames;

// The turns of a track, of which the frames come in order.
class Track {
 public:
  Track(int speakers, int64_t samples) : since_(speakers, -1), samples_(samples) {}

  // Exactly these speak in the frame.
  void frame(int64_t frame, const std::vector<int>& speaking) {
    open_.erase(std::remove_if(open_.begin(), open_.end(),
                               [&](int s) {
                                 if (std::find(speaking.begin(), speaking.end(), s) != speaking.end()) return false;
                                 close(s, frame);
                                 return true;
                               }),
                open_.end());
    for (const int s : speaking) {
      if (since_[s] >= 0) continue;
      since_[s] = frame;
      open_.push_back(s);
    }
  }

  std::vector<Turn> finish(int64_t frame) {
    this->frame(frame, {});
    sortTurns(turns_);
    return std::move(turns_);
  }

 private:
  void close(int speaker, int64_t frame) {
    const int64_t begin = frameBegin(since_[speaker]), end = std::min(frameBegin(frame), samples_);
    if (begin < end) turns_.push_back({begin, end, speaker});
    since_[speaker] = -1;
  }
  std::vector<int64_t> since_;  // frame; −1: silent
  std::vector<int> open_;
  std::vector<Turn> turns_;
  int64_t samples_;
};

// What the windows say about the frames that are not settled yet.
class Frames {
 public:
  Frames(int speakers, int64_t samples)
      : speakers_(static_cast<size_t>(speakers)),
        cells_(kCapacity),
        votes_(kCapacity * speakers_),
        track_(speakers, samples) {}

  // A window has its say in a frame: who speaks there, and how many do.
  void vote(int64_t frame, unsigned slots, const int* labels) {
    Cell& cell = cells_[static_cast<size_t>(frame - base_)];
    ++cell.windows;
    uint8_t* votes = &votes_[static_cast<size_t>(frame - base_) * speakers_];
    for (int slot = 0; slot < kSlots; ++slot) {
      if (!(slots >> slot & 1)) continue;
      ++cell.active;
      bool seen = labels[slot] < 0;  // a speaker speaks once, however many slots say so
      for (int other = 0; other < slot; ++other) seen |= (slots >> other & 1) && labels[other] == labels[slot];
      if (!seen) ++votes[labels[slot]];
    }
  }

  // No window has a say in frames before `end` any more.
  void settle(int64_t end) {
    const auto count = std::clamp<int64_t>(end - base_, 0, kCapacity);
    const auto cells = static_cast<ptrdiff_t>(count), votes = cells * static_cast<ptrdiff_t>(speakers_);
    for (int64_t i = 0; i < count; ++i) decide(base_ + i, cells_[i], &votes_[static_cast<size_t>(i) * speakers_]);
    std::copy(cells_.begin() + cells, cells_.end(), cells_.begin());
    std::fill(cells_.end() - cells, cells_.end(), Cell{});
    std::copy(votes_.begin() + votes, votes_.end(), votes_.begin());
    std::fill(votes_.end() - votes, votes_.end(), uint8_t{0});
    base_ = std::max(base_, end);
  }

  std::vector<Turn> finish() {
    settle(base_ + kCapacity);
    return track_.finish(base_);
  }

 private:
  struct Cell {
    uint8_t windows = 0, active = 0;  // how many windows had a say, and the slots they found active
  };
  static constexpr size_t kCapacity = kFrames + 2;  // windows are moved by half a frame at most

  void decide(int64_t frame, const Cell& cell, const uint8_t* votes) {
    const int speaking = cell.windows == 0 ? 0 : (2 * cell.active + cell.windows) / (2 * cell.windows);
    now_.clear();
    while (static_cast<int>(now_.size()) < speaking) {
      int most = -1;
      for (int s = 0; s < static_cast<int>(speakers_); ++s) {
        if (votes[s] > (most < 0 ? 0 : votes[most]) && std::find(now_.begin(), now_.end(), s) == now_.end()) most = s;
      }
      if (most < 0) break;
      now_.push_back(most);
    }
    track_.frame(frame, now_);
  }

  const size_t speakers_;
  int64_t base_ = 0;  // the first frame that is not settled
  std::vector<Cell> cells_;
  std::vector<uint8_t> votes_;  // [frames][speakers]
  std::vector<int> now_;
  Track track_;
};

// Numbers speakers in order of their first turn, and adds up their speech.
Speakers number(const ClusterResult& clusters, std::vector<Turn> turns) {
  Speakers found;
  std::vector<int> numbers(std::max(clusters.speakers, 1), -1);
  for (Turn& turn : turns) {
    int& speaker = numbers[turn.speaker];
    if (speaker < 0) {
      speaker = static_cast<int>(found.speakers.size());
      found.speakers.emplace_back();
      if (turn.speaker < clusters.voices.count()) {
        const float* voice = clusters.voices[turn.speaker];
        found.speakers.back().voice.assign(voice, voice + EmbeddingWeights::kDimensions);
      }
    }
    turn.speaker = speaker;
    found.speakers[speaker].samples += turn.end - turn.begin;
  }
  found.exclusive = exclusiveTurns(turns);
  found.turns = std::move(turns);
  return found;
}

}  // namespace

Speakers stitch(const Record& record, const ClusterResult& clusters) {
  const int count = std::max(clusters.speakers, 1);  // speech without any embedding is one speaker's
  Frames frames(count, record.samples());
  WindowClasses classes;
  std::vector<std::array<int, kSlots>> labels(kFrames);
  for (int32_t window = 0; window < record.windows(); ++window) {
    const FrameRange centre = record.centre(window, classes);
    const int64_t first = firstFrame(record.timeline(), window);
    frames.settle(first + centre.begin);
    std::fill(labels.begin(), labels.end(), std::array<int, kSlots>{-1, -1, -1});
    for (size_t i = record.firstPiece(window); i < record.firstPiece(window + 1); ++i) {
      const Piece& piece = record.piece(i);
      for (int frame = piece.begin; frame < piece.end; ++frame) labels[frame][piece.slot] = clusters.labels[i];
    }
    for (int frame = centre.begin; frame < centre.end; ++frame) {
      frames.vote(first + frame, activeSlots(classes[frame]), labels[frame].data());
    }
  }
  return number(clusters, frames.finish());
}

Speakers stitch(const TrackRecord& record, const ClusterResult& clusters, double pauses) {
  std::vector<Turn> heard;
  std::vector<TrackRecord::Run> runs;
  for (size_t i = 0; i < record.pieces(); ++i) {
    record.runs(i, runs);
    for (const auto& run : runs) {
      const Turn turn{frameBegin(run.begin), std::min(frameBegin(run.end), record.samples()), clusters.labels[i]};
      if (turn.begin < turn.end) heard.push_back(turn);
    }
  }
  // What touches or overlaps of one speaker is one turn.
  std::sort(heard.begin(), heard.end(), [](const Turn& a, const Turn& b) {
    return std::tie(a.speaker, a.begin, a.end) < std::tie(b.speaker, b.begin, b.end);
  });
  std::vector<Turn> turns;
  for (const Turn& turn : heard) {
    if (!turns.empty() && turns.back().speaker == turn.speaker && turn.begin <= turns.back().end) {
      turns.back().end = std::max(turns.back().end, turn.end);
    } else {
      turns.push_back(turn);
    }
  }
  sortTurns(turns);
  return number(clusters, closePauses(turns, static_cast<int64_t>(pauses * 16000)));
}

}  // namespace hearken
