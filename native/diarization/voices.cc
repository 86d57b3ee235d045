#include "diarization/voices.h"

#include <limits>
#include <utility>

#include "diarization/vectors.h"

namespace hearken {
namespace {

// The assignment of rows to columns (at least as many) with the least cost: the Hungarian method with potentials, one
// row after another. The column of each row.
std::vector<int> assign(const std::vector<std::vector<double>>& cost, int columns) {
  const int rows = static_cast<int>(cost.size());
  std::vector<double> rowPotential(rows + 1), columnPotential(columns + 1);
  std::vector<int> rowOf(columns + 1, 0), way(columns + 1);  // rows and columns from 1; column 0 is the start
  for (int row = 1; row <= rows; ++row) {
    rowOf[0] = row;
    int column = 0;
    std::vector<double> least(columns + 1, std::numeric_limits<double>::infinity());
    std::vector<bool> used(columns + 1);
    do {
      used[column] = true;
      const int from = rowOf[column];
      double step = std::numeric_limits<double>::infinity();
      int next = 0;
      for (int c = 1; c <= columns; ++c) {
        if (used[c]) continue;
        const double reduced = cost[from - 1][c - 1] - rowPotential[from] - columnPotential[c];
        if (reduced < least[c]) {
          least[c] = reduced;
          way[c] = column;
        }
        if (least[c] < step) {
          step = least[c];
          next = c;
        }
      }
      for (int c = 0; c <= columns; ++c) {
        if (used[c]) {
          rowPotential[rowOf[c]] += step;
          columnPotential[c] -= step;
        } else {
          least[c] -= step;
        }
      }
      column = next;
    } while (rowOf[column] != 0);
    for (; column != 0; column = way[column]) rowOf[column] = rowOf[way[column]];
  }
  std::vector<int> columnOf(rows, -1);
  for (int c = 1; c <= columns; ++c) {
    if (rowOf[c] != 0) columnOf[rowOf[c] - 1] = c - 1;
  }
  return columnOf;
}

// The vector at length 1; empty where it has no direction.
std::vector<float> unitOf(std::vector<float> vector) {
  if (vector.size() != EmbeddingWeights::kDimensions || !toUnit(vector.data())) vector.clear();
  return vector;
}

}  // namespace

std::vector<Match> matchVoices(const std::vector<std::vector<float>>& speakers,
                               const std::vector<std::vector<float>>& voices, double threshold) {
  constexpr double kForbidden = -2;
  const int known = static_cast<int>(voices.size()), columns = known + static_cast<int>(speakers.size());
  std::vector<std::vector<float>> units;
  for (const auto& voice : voices) units.push_back(unitOf(voice));
  std::vector<std::vector<double>> scores, cost;
  for (const auto& speaker : speakers) {
    const auto unit = unitOf(speaker);
    scores.emplace_back(known, kForbidden);
    cost.emplace_back(columns, 0.0);  // the columns behind the voices: nobody
    for (int v = 0; v < known; ++v) {
      if (unit.empty() || units[v].empty()) continue;
      const double score = dot(unit.data(), units[v].data());
      if (score < threshold) continue;
      scores.back()[v] = score;
      cost.back()[v] = threshold - score;
    }
  }
  const auto columnOf = assign(cost, columns);
  std::vector<Match> matches(speakers.size());
  for (size_t s = 0; s < speakers.size(); ++s) {
    const int v = columnOf[s];
    if (v < known && scores[s][v] != kForbidden) matches[s] = {v, scores[s][v]};
  }
  return matches;
}

}  // namespace hearken
