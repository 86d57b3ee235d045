#include "diarization/turns.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace hearken {

void sortTurns(std::vector<Turn>& turns) {
  std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
    return std::tie(a.begin, a.end, a.speaker) < std::tie(b.begin, b.end, b.speaker);
  });
}

std::vector<Turn> closePauses(const std::vector<Turn>& turns, int64_t samples) {
  std::vector<Turn> closed;
  std::map<int, size_t> latest;  // each speaker's last turn in `closed`
  size_t begun = 0;
  int64_t furthest = INT64_MIN;  // end of the turns that have begun
  for (const Turn& turn : turns) {
    for (; begun < turns.size() && turns[begun].begin < turn.begin; ++begun) {
      furthest = std::max(furthest, turns[begun].end);
    }
    const auto last = latest.find(turn.speaker);
    if (last != latest.end()) {
      // What reaches into the pause, beyond the speaker's own end, is another's.
      Turn& before = closed[last->second];
      if (turn.begin - before.end <= samples && furthest <= before.end) {
        before.end = turn.end;
        continue;
      }
    }
    latest[turn.speaker] = closed.size();
    closed.push_back(turn);
  }
  sortTurns(closed);
  return closed;
}

std::vector<Turn> exclusiveTurns(const std::vector<Turn>& turns) {
  std::vector<Turn> exclusive;
  std::vector<Turn> speaking;  // in order of begin
  const auto give = [&](int64_t begin, int64_t end, int speaker) {
    if (begin >= end) return;
    if (!exclusive.empty() && exclusive.back().speaker == speaker && exclusive.back().end == begin) {
      exclusive.back().end = end;
    } else {
      exclusive.push_back({begin, end, speaker});
    }
  };
  int64_t now = 0;
  // The floor's owner is at the front; gives speech up to `until` away.
  const auto advance = [&](int64_t until) {
    while (!speaking.empty() && now < until) {
      const Turn& owner = speaking.front();
      const int64_t end = std::min(owner.end, until);
      give(now, end, owner.speaker);
      now = std::max(now, end);
      speaking.erase(std::remove_if(speaking.begin(), speaking.end(), [&](const Turn& t) { return t.end <= now; }),
                     speaking.end());
    }
  };
  for (const Turn& turn : turns) {
    advance(turn.begin);
    now = std::max(now, turn.begin);
    // Of those that begin together, and of which none has the floor yet, the longest comes first.
    auto place = speaking.end();
    while (place != speaking.begin() && (place - 1)->begin == turn.begin && (place - 1)->end < turn.end) --place;
    speaking.insert(place, turn);
  }
  advance(INT64_MAX);
  return exclusive;
}

}  // namespace hearken
