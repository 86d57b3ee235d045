#include "diarization/chains.h"

#include <algorithm>
#include <utility>

#include "diarization/vectors.h"

namespace hearken {
namespace {

constexpr int kDimensions = EmbeddingWeights::kDimensions;
constexpr auto kSilenceFrames = static_cast<int64_t>(Chains::kSilence / kFrameSeconds);

}  // namespace

void Chains::want(const std::shared_ptr<Member>& member) {
  if (member->audible) wanted_.push_back(member);
}

void Chains::add(const HeardPiece& heard, size_t id, bool audible) {
  const TrackPiece& piece = heard.piece;
  const bool anchor = audible && piece.cleanSeconds() >= kEnough;
  const auto member = std::make_shared<Member>(Member{id, piece.begin, piece.end, audible, anchor, {}});
  const auto chain =
      std::find_if(chains_.begin(), chains_.end(), [&](const Chain& c) { return c.track == piece.track; });
  if (chain != chains_.end()) {
    const int64_t pause = member->begin - chain->end;
    if (pause <= kSilenceFrames && pause <= heard.silence) {
      chain->end = member->end;
      chain->span.push_back(member);
      if (anchor && ++chain->anchors == kStride) endSpan(*chain);
      return;
    }
    endSpan(*chain);
    chains_.erase(chain);
  }
  want(member);
  if (anchor) chains_.push_back({piece.track, member->end, {member}, 0});
}

void Chains::endWindow(int64_t decidedFrame) {
  const auto over = [&](Chain& chain) {
    endSpan(chain);
    return decidedFrame > chain.end + kSilenceFrames;
  };
  chains_.erase(std::remove_if(chains_.begin(), chains_.end(), over), chains_.end());
}

// The chain goes on from its last anchor. What comes behind that is heard; so is it, and what lies before it waits.
void Chains::endSpan(Chain& chain) {
  Span& span = chain.span;
  for (; !span.back()->anchor; span.pop_back()) want(span.back());
  if (span.size() == 1) return;
  want(span.back());
  chain.anchors = 0;
  spans_.push_back(std::exchange(span, {span.back()}));
}

std::vector<size_t> Chains::wanted() {
  asked_ = std::exchange(wanted_, {});
  std::sort(asked_.begin(), asked_.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
  std::vector<size_t> ids;
  for (const auto& member : asked_) ids.push_back(member->id);
  return ids;
}

std::vector<Chains::Like> Chains::hear(const float* embeddings) {
  for (size_t i = 0; i < asked_.size(); ++i) {
    if (!asked_[i]->anchor) continue;
    asked_[i]->unit.assign(embeddings + i * kDimensions, embeddings + (i + 1) * kDimensions);
    toUnit(asked_[i]->unit.data());
  }
  asked_.clear();
  std::vector<Like> likes;
  for (const Span& span : std::exchange(spans_, {})) {
    const auto &first = span.front(), &last = span.back();
    const bool alike = dot(first->unit.data(), last->unit.data()) >= kAlike;
    for (size_t i = 1; i + 1 < span.size(); ++i) {
      const auto& member = span[i];
      const bool before = member->begin - first->end < last->begin - member->end;
      if (alike) likes.push_back({member->id, before ? first->id : last->id});
      if (!alike) want(member);
    }
  }
  return likes;
}

}  // namespace hearken
