#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "diarization/embedding.h"
#include "diarization/find_voices.h"
#include "diarization/segmentation.h"
#include "diarization/turns.h"

// The reference pipeline of ../shared/diarization.md on our own nets, filter bank, choice of frames and clustering. The
// fixtures hold what it gives step by step, so equal results prove all of these. What the product does otherwise (it
// links windows to one timeline, diarization/tracker.h) is not in here, and what only the reference does is only here:
// windows every 2.5 s, of which each decides its centre.
namespace reference {

constexpr int kFrames = hearken::SegmentationShape::kFrames;
constexpr int64_t kHop = 40000;  // samples between windows

// The class of each frame of a window.
using Classes = std::array<uint8_t, kFrames>;

// A stretch of one slot's activity; frames of its window, [begin, end).
struct Piece {
  int window = 0, slot = 0, begin = 0, end = 0;
  int clean = 0;  // frames of it where this slot is active and no other
};

// Of each window the log-probabilities' argmax. The last window is the first that reaches the end, zero padded.
std::vector<Classes> segment(hearken::SegmentationNet& net, const std::vector<float>& samples);

// The pieces that touch their window's centre, by window, slot and time.
std::vector<Piece> cutPieces(const std::vector<Classes>& windows);

// The 10 ms frames that a piece's embedding is made from, counted from its window's first sample.
std::vector<int64_t> pickFrames(const Piece& piece, const std::vector<Classes>& windows);

// The pieces' embeddings, [pieces][dimensions]; zeros where there is too little speech.
std::vector<float> embed(hearken::EmbeddingNet& net, const std::vector<float>& samples,
                         const std::vector<Classes>& windows, const std::vector<Piece>& pieces);

struct Labels {
  int speakers = 0;
  std::vector<int> labels;  // of each piece
};
Labels cluster(const std::vector<Piece>& pieces, const std::vector<float>& embeddings);

// Who spoke when: in each frame the mean number of active slots says how many speak, and the speakers with the most
// activity are taken. Numbered in order of first speech.
std::vector<hearken::Turn> stitch(const std::vector<Classes>& windows, const std::vector<Piece>& pieces,
                                  const Labels& labels, int64_t samples);

}  // namespace reference
