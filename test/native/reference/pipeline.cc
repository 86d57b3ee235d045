#include "pipeline.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "diarization/fbank.h"
#include "diarization/piece.h"
#include "diarization/vectors.h"

using namespace hearken;

namespace reference {
namespace {

using Shape = SegmentationShape;
constexpr int kDimensions = EmbeddingWeights::kDimensions;

Timeline timeline() {
  Timeline timeline;
  timeline.hop = kHop;
  return timeline;
}

// The frames that a window decides: its centre, up to the audio's ends in the first and the last window.
struct Centre {
  int begin, end;
};
Centre centreOf(size_t window, size_t windows) {
  constexpr int kBegin = (Shape::kWindow - kHop) / (2 * Shape::kStep);
  constexpr int kEnd = (Shape::kWindow + kHop) / (2 * Shape::kStep) + 1;
  return {window == 0 ? 0 : kBegin, window + 1 == windows ? kFrames : kEnd};
}

bool active(const Classes& classes, int frame, int slot) {
  return activeSlots(classes[static_cast<size_t>(frame)]) >> slot & 1;
}
bool alone(const Classes& classes, int frame, int slot) {
  return activeSlots(classes[static_cast<size_t>(frame)]) == 1u << slot;
}

// The samples, and zeros for whatever window or frame reaches beyond them.
std::vector<float> padded(std::vector<float> samples) {
  samples.resize(samples.size() + Shape::kWindow);
  return samples;
}

}  // namespace

std::vector<Classes> segment(SegmentationNet& net, const std::vector<float>& samples) {
  constexpr int kClasses = Shape::kClasses;
  const auto beyond = std::max<int64_t>(0, static_cast<int64_t>(samples.size()) - Shape::kWindow);
  std::vector<Classes> windows(static_cast<size_t>(1 + (beyond + kHop - 1) / kHop));
  const std::vector<float> audio = padded(samples);
  std::vector<float> logProbabilities(size_t{kFrames} * kClasses);
  CancelToken cancel;
  for (size_t w = 0; w < windows.size(); ++w) {
    net.run(&audio[w * kHop], 1, logProbabilities.data(), cancel);
    for (size_t i = 0; i < kFrames; ++i) {
      const float* frame = &logProbabilities[i * kClasses];
      windows[w][i] = static_cast<uint8_t>(std::max_element(frame, frame + kClasses) - frame);
    }
  }
  return windows;
}

std::vector<Piece> cutPieces(const std::vector<Classes>& windows) {
  const int bridge = static_cast<int>(timeline().bridge / kFrameSeconds);
  std::vector<Piece> pieces;
  for (size_t w = 0; w < windows.size(); ++w) {
    const Classes& classes = windows[w];
    const Centre centre = centreOf(w, windows.size());
    for (int slot = 0; slot < kSlots; ++slot) {
      for (int begin = 0; begin < kFrames; ++begin) {
        if (!active(classes, begin, slot)) continue;
        int end = begin + 1;  // behind the last active frame
        for (int frame = end; frame < kFrames && frame - end <= bridge; ++frame) {
          if (active(classes, frame, slot)) end = frame + 1;
        }
        const int length = end - begin;
        const int parts = std::max(1, static_cast<int>(std::ceil(length * kFrameSeconds / timeline().longest)));
        for (int part = 0; part < parts; ++part) {
          Piece piece{static_cast<int>(w), slot, begin + length * part / parts, begin + length * (part + 1) / parts};
          if (piece.end <= centre.begin || piece.begin >= centre.end) continue;
          for (int frame = piece.begin; frame < piece.end; ++frame) piece.clean += alone(classes, frame, slot);
          pieces.push_back(piece);
        }
        begin = end;
      }
    }
  }
  return pieces;
}

std::vector<int64_t> pickFrames(const Piece& piece, const std::vector<Classes>& windows) {
  const Classes& classes = windows[static_cast<size_t>(piece.window)];
  HeardPiece heard;
  heard.piece = {piece.begin, piece.end, piece.slot, static_cast<int16_t>(piece.clean)};
  for (int frame = piece.begin; frame < piece.end; ++frame) {
    const int flags = (active(classes, frame, piece.slot) ? HeardPiece::kActive : 0) |
                      (alone(classes, frame, piece.slot) ? HeardPiece::kAlone : 0);
    heard.frames.push_back(static_cast<uint8_t>(flags));
  }
  std::vector<int64_t> frames;
  hearken::pickFrames(timeline(), heard, frames);
  return frames;
}

std::vector<float> embed(EmbeddingNet& net, const std::vector<float>& samples, const std::vector<Classes>& windows,
                         const std::vector<Piece>& pieces) {
  constexpr size_t kBins = Fbank::kBins;
  const std::vector<float> audio = padded(samples);
  const Fbank fbank;
  std::vector<float> embeddings(pieces.size() * kDimensions);
  std::vector<std::vector<float>> banks(pieces.size());
  std::vector<EmbeddingNet::Piece> picked;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const std::vector<int64_t> frames = pickFrames(pieces[i], windows);
    if (frames.empty()) continue;
    banks[i].resize(frames.size() * kBins);
    for (size_t f = 0; f < frames.size(); ++f) {
      fbank.compute(&audio[static_cast<size_t>(pieces[i].window * kHop + frames[f] * Fbank::kShift)], 1,
                    &banks[i][f * kBins]);
    }
    picked.push_back({banks[i].data(), static_cast<int>(frames.size()), &embeddings[i * kDimensions]});
  }
  CancelToken cancel;
  net.run(picked.data(), picked.size(), cancel);  // all at once: what they share the buffers with must not matter
  return embeddings;
}

Labels cluster(const std::vector<Piece>& pieces, const std::vector<float>& embeddings) {
  const ClusterOptions options;
  CancelToken cancel;
  PieceVoices kept;
  for (size_t i = 0; i < pieces.size(); ++i) kept.append(&embeddings[i * kDimensions], pieces[i].clean);
  const Voices voices = findVoices(kept, options, cancel);
  Labels result{voices.count(), std::vector<int>(pieces.size())};
  if (voices.count() == 0) return result;

  // Short pieces lean on the mean of their slot in their window.
  std::map<std::pair<int, int>, std::vector<float>> means;
  float unit[kDimensions];
  for (size_t i = 0; i < pieces.size(); ++i) {
    auto& mean = means[{pieces[i].window, pieces[i].slot}];
    mean.resize(kDimensions);
    kept.voice(i, unit);
    addScaled(unit, static_cast<float>(pieces[i].clean), mean.data());
  }
  std::map<std::pair<int, int>, bool> directed;
  for (auto& [slot, mean] : means) directed[slot] = toUnit(mean.data());
  std::vector<std::vector<double>> scores;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const std::pair<int, int> slot{pieces[i].window, pieces[i].slot};
    kept.voice(i, unit);
    scores.push_back(scoreVoices(unit, kept.cleanSeconds(i), directed[slot] ? means[slot].data() : nullptr, voices,
                                 options.smoothSeconds));
    result.labels[i] = bestVoice(scores.back());
  }
  for (size_t a = 0; a < pieces.size() && voices.count() > 1; ++a) {
    for (size_t b = a + 1; b < pieces.size() && pieces[b].window == pieces[a].window; ++b) {
      const int shared = std::min(pieces[a].end, pieces[b].end) - std::max(pieces[a].begin, pieces[b].begin);
      if (pieces[a].slot != pieces[b].slot && shared >= kTogether) keepApart(a, b, scores, result.labels);
    }
  }
  return result;
}

std::vector<Turn> stitch(const std::vector<Classes>& windows, const std::vector<Piece>& pieces, const Labels& labels,
                         int64_t samples) {
  const auto speakers = static_cast<size_t>(std::max(labels.speakers, 1));
  struct Frame {
    int windows = 0, slots = 0;  // that had a say; that they found active
    std::vector<int> votes;      // of the windows, for each speaker
  };
  const int64_t total = firstFrame(timeline(), static_cast<int32_t>(windows.size()) - 1) + kFrames;
  std::vector<Frame> grid(static_cast<size_t>(total), {0, 0, std::vector<int>(speakers)});
  size_t piece = 0;
  for (size_t w = 0; w < windows.size(); ++w) {
    std::vector<std::vector<bool>> speaks(kFrames, std::vector<bool>(speakers));
    for (; piece < pieces.size() && pieces[piece].window == static_cast<int>(w); ++piece) {
      const Piece& p = pieces[piece];
      for (int i = p.begin; i < p.end; ++i) {
        if (active(windows[w], i, p.slot))
          speaks[static_cast<size_t>(i)][static_cast<size_t>(labels.labels[piece])] = true;
      }
    }
    const Centre centre = centreOf(w, windows.size());
    for (int i = centre.begin; i < centre.end; ++i) {
      Frame& frame = grid[static_cast<size_t>(firstFrame(timeline(), static_cast<int32_t>(w)) + i)];
      ++frame.windows;
      for (int slot = 0; slot < kSlots; ++slot) frame.slots += active(windows[w], i, slot);
      for (size_t s = 0; s < speakers; ++s) frame.votes[s] += speaks[static_cast<size_t>(i)][s];
    }
  }
  std::vector<Turn> turns;
  std::vector<int64_t> since(speakers, -1);  // frame; −1: silent
  grid.push_back({0, 0, std::vector<int>(speakers)});
  for (int64_t i = 0; i <= total; ++i) {
    const Frame& frame = grid[static_cast<size_t>(i)];
    std::vector<size_t> order(speakers);
    for (size_t s = 0; s < speakers; ++s) order[s] = s;
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return frame.votes[a] > frame.votes[b]; });
    const int speaking = frame.windows == 0 ? 0 : (2 * frame.slots + frame.windows) / (2 * frame.windows);
    for (size_t place = 0; place < speakers; ++place) {
      const size_t s = order[place];
      const bool now = static_cast<int>(place) < speaking && frame.votes[s] > 0;
      if (now && since[s] < 0) since[s] = i;
      if (now || since[s] < 0) continue;
      const Turn turn{frameBegin(since[s]), std::min(frameBegin(i), samples), static_cast<int>(s)};
      if (turn.begin < turn.end) turns.push_back(turn);
      since[s] = -1;
    }
  }
  sortTurns(turns);
  std::map<int, int> numbers;
  for (Turn& turn : turns) {
    turn.speaker = numbers.emplace(turn.speaker, static_cast<int>(numbers.size())).first->second;
  }
  return turns;
}

}  // namespace reference
