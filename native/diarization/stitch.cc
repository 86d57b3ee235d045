#include "diarization/stitch.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace hearken {
namespace {

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
