#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "diarization/piece.h"

namespace hearken {

// Says which pieces need an embedding. A track's pieces that follow each other with no more than a short silence
// between them, a chain, are mostly one voice: what lies between two pieces that are heard and sound alike is taken for
// the same voice unheard. That is decided among the pieces of each window and the last one heard before them, so
// nothing waits for later windows, and how many windows are computed at once makes no difference.
class Chains {
 public:
  static constexpr double kSilence = 0.75;  // s: longer ones, and somebody else's speech, end a chain
  static constexpr double kEnough = 1.0;    // s of clean speech of the pieces that are compared
  static constexpr int kStride = 2;         // such pieces from one that is heard in any case to the next, at most
  static constexpr float kAlike = 0.5f;     // cosine from which two pieces sound alike

  // The tracker's next piece, which the caller calls `id`; `audible`: there is enough of it for an embedding.
  void add(const HeardPiece& heard, size_t id, bool audible);
  // That was the window's last one, and no piece that begins before this frame comes any more.
  void endWindow(int64_t decidedFrame);

  // The audible pieces of the windows so far to embed next, ascending; each once.
  std::vector<size_t> wanted();
  // The embeddings of the last wanted(), [pieces][EmbeddingWeights::kDimensions]. What is like another piece that has
  // an embedding needs none; more may be wanted now, of which nothing follows.
  struct Like {
    size_t piece, other;
  };
  std::vector<Like> hear(const float* embeddings);

 private:
  struct Member {
    size_t id;
    int64_t begin, end;       // frames
    bool audible, anchor;     // anchor: has enough clean speech
    std::vector<float> unit;  // of an anchor, once heard
  };
  // From an anchor that is heard to the next one, or to what there is of it.
  using Span = std::vector<std::shared_ptr<Member>>;
  struct Chain {
    int32_t track;
    int64_t end;  // of its last piece
    Span span;
    int anchors;  // behind the span's first piece
  };
  void want(const std::shared_ptr<Member>& member);
  void endSpan(Chain& chain);

  std::vector<Chain> chains_;  // those that go on and have an anchor
  std::vector<Span> spans_;    // whole ones, not looked at yet
  Span wanted_, asked_;        // asked_: by wanted(), to be heard
};

}  // namespace hearken
