#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "diarization/kernels.h"

using namespace hearken;

namespace {

constexpr float kUntouched = 1234.5f;

std::vector<float> random(size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(n);
  for (float& v : values) v = uniform(generator);
  return values;
}

double finished(double v, Finish finish) {
  if (finish == Finish::kRelu) return v > 0 ? v : 0;
  if (finish == Finish::kLeakyRelu) return v > 0 ? v : 0.01 * v;
  return v;
}

// Runs `body` with every version of the kernels that this CPU has, and leaves the best one in use.
template <class Body>
void withEachVersion(Body body) {
  for (const KernelTable* version : kernelVersions()) {
    useKernels(*version);
    body(std::string(version->name));
  }
  useKernels(*kernelVersions().front());
}

void complain(const std::string& where) {
  check::fail(__FILE__, __LINE__, where);
}

struct Shape {
  int rows, depth, columns;
};

std::string text(const std::string& version, const Shape& s) {
  return version + ", " + std::to_string(s.rows) + " × " + std::to_string(s.depth) + " × " + std::to_string(s.columns);
}

}  // namespace

// Each value against a sum in double precision; the numbers around the result, which must stay, tell of a write too
// far.
TEST(kernels_multiply) {
  std::vector<Shape> shapes = {{60, 400, 432}, {32, 288, 101}, {7, 1600, 50}, {192, 385, 3}, {1, 1, 1}};
  for (int columns = 1; columns <= 100; ++columns) shapes.push_back({13, 5, columns});
  for (int rows = 1; rows <= 20; ++rows) shapes.push_back({rows, 9, 29});
  for (int depth : {255, 256, 257, 383, 384, 385, 511, 512, 513, 640, 641}) shapes.push_back({9, depth, 19});
  unsigned seed = 1;
  for (const Shape& s : shapes) {
    const auto weights = random(static_cast<size_t>(s.rows) * s.depth, ++seed), bias = random(s.rows, ++seed);
    // Each row in a block of its own, so that a sanitizer sees a read beyond it.
    std::vector<std::vector<float>> x;
    std::vector<const float*> rows;
    for (int k = 0; k < s.depth; ++k) {
      x.push_back(random(s.columns, ++seed));
      rows.push_back(x.back().data());
    }
    const bool biased = seed % 2 == 0;
    const PackedMatrix packed(weights.data(), s.rows, s.depth, biased ? bias.data() : nullptr);
    const Finish finish = static_cast<Finish>(seed % 3);
    const int pitch = s.columns + 3;
    std::vector<float> best;
    withEachVersion([&](const std::string& version) {
      std::vector<float> out(static_cast<size_t>(s.rows + 1) * pitch, kUntouched);
      multiply(packed, rows.data(), s.columns, out.data(), pitch, finish);
      double worst = 0;
      for (int r = 0; r < s.rows; ++r) {
        for (int c = 0; c < s.columns; ++c) {
          double sum = biased ? bias[r] : 0;
          for (int k = 0; k < s.depth; ++k) sum += double{weights[static_cast<size_t>(r) * s.depth + k]} * x[k][c];
          worst = std::fmax(worst, std::fabs(finished(sum, finish) - out[static_cast<size_t>(r) * pitch + c]));
        }
      }
      if (!(worst <= 2e-7 * (s.depth + 8))) complain(text(version, s) + ": off by " + std::to_string(worst));
      if (version != "plain") {  // which fuses as its compiler likes
        if (best.empty()) best = out;
        if (out != best) complain(text(version, s) + ": other bits than the best version");
      }
      for (size_t i = 0; i < out.size(); ++i) {
        const bool inside = i / pitch < static_cast<size_t>(s.rows) && i % pitch < static_cast<size_t>(s.columns);
        if (!inside && out[i] != kUntouched) complain(text(version, s) + ": wrote outside, at " + std::to_string(i));
      }
    });
  }
}

TEST(kernels_multiply_rows) {
  std::vector<Shape> shapes = {{64, 256, 512}, {8, 128, 512}, {3, 60, 512}, {65, 128, 7}, {1, 1, 1}};
  for (int columns = 1; columns <= 100; ++columns) shapes.push_back({5, 7, columns});
  for (int rows = 1; rows <= 20; ++rows) shapes.push_back({rows, 9, 53});
  unsigned seed = 1000000;
  for (const Shape& s : shapes) {
    const auto weights = random(static_cast<size_t>(s.columns) * s.depth, ++seed), bias = random(s.columns, ++seed);
    const int xPitch = s.depth + 2, pitch = s.columns + 3;
    const auto x = random(static_cast<size_t>(s.rows) * xPitch - 2, ++seed);
    const PackedColumns packed(weights.data(), s.columns, s.depth, bias.data());
    const Finish finish = static_cast<Finish>(seed % 3);
    withEachVersion([&](const std::string& version) {
      for (const bool add : {false, true}) {
        std::vector<float> out(static_cast<size_t>(s.rows + 1) * pitch, kUntouched);
        for (int r = 0; r < s.rows; ++r) std::fill_n(out.begin() + r * pitch, s.columns, 0.5f);
        if (add) {
          addMultipliedRows(packed, x.data(), xPitch, s.rows, out.data(), pitch);
        } else {
          multiplyRows(packed, x.data(), xPitch, s.rows, out.data(), pitch, finish);
        }
        double worst = 0;
        for (int r = 0; r < s.rows; ++r) {
          for (int c = 0; c < s.columns; ++c) {
            double sum = add ? 0.5 : bias[c];
            for (int k = 0; k < s.depth; ++k) {
              sum += double{weights[static_cast<size_t>(c) * s.depth + k]} * x[static_cast<size_t>(r) * xPitch + k];
            }
            const double expected = add ? sum : finished(sum, finish);
            worst = std::fmax(worst, std::fabs(expected - out[static_cast<size_t>(r) * pitch + c]));
          }
        }
        if (!(worst <= 2e-7 * (s.depth + 8))) complain(text(version, s) + ": off by " + std::to_string(worst));
        for (size_t i = 0; i < out.size(); ++i) {
          const bool inside = i / pitch < static_cast<size_t>(s.rows) && i % pitch < static_cast<size_t>(s.columns);
          if (!inside && out[i] != kUntouched) complain(text(version, s) + ": wrote outside, at " + std::to_string(i));
        }
      }
    });
  }
}

// A column's bits must not depend on how many are computed with it.
TEST(kernels_do_not_depend_on_tiling) {
  constexpr int kRows = 21, kDepth = 700, kColumns = 97;
  const auto weights = random(kRows * kDepth, 1), x = random(kDepth * kColumns, 2);
  const PackedMatrix packed(weights.data(), kRows, kDepth);
  std::vector<const float*> rows(kDepth);
  withEachVersion([&](const std::string& version) {
    std::vector<float> whole(kRows * kColumns), alone(kRows);
    for (int k = 0; k < kDepth; ++k) rows[k] = x.data() + k * kColumns;
    multiply(packed, rows.data(), kColumns, whole.data(), kColumns);
    for (int c = 0; c < kColumns; ++c) {
      for (int k = 0; k < kDepth; ++k) rows[k] = x.data() + k * kColumns + c;
      multiply(packed, rows.data(), 1, alone.data(), 1);
      for (int r = 0; r < kRows; ++r) {
        if (alone[r] != whole[r * kColumns + c]) complain(version + ": column " + std::to_string(c) + " differs alone");
      }
    }
  });
}

// From tiny to far beyond where the functions are flat, cells of any size.
TEST(kernels_lstm_cell) {
  constexpr int kHidden = 128;
  auto gates = random(4 * kHidden, 5), before = random(kHidden, 6);
  for (int j = 0; j < kHidden; ++j) {
    const float size = std::pow(10.0f, static_cast<float>(j % 9) - 4);  // 1e-4 … 1e4
    for (int g = 0; g < 4; ++g) gates[g * kHidden + j] *= size;
    before[j] *= j % 7 == 0 ? 300.0f : 1.5f;
  }
  std::vector<float> scaled(gates);
  for (int i = 0; i < 4 * kHidden; ++i) scaled[i] *= lstmGateScale(i / kHidden);
  withEachVersion([&](const std::string& version) {
    auto cell = before;
    std::vector<float> out(kHidden);
    lstmCell(scaled.data(), kHidden, cell.data(), out.data());
    for (int j = 0; j < kHidden; ++j) {
      const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
      const double c = sigmoid(gates[kHidden + j]) * before[j] + sigmoid(gates[j]) * std::tanh(gates[2 * kHidden + j]);
      const double h = sigmoid(gates[3 * kHidden + j]) * std::tanh(c);
      const bool right = std::fabs(cell[j] - c) <= 1e-6 * std::fmax(1, std::fabs(c)) && std::fabs(out[j] - h) <= 1e-6;
      if (!right) {
        complain(version + ": cell " + std::to_string(j) + " " + std::to_string(cell[j] - c) + " " +
                 std::to_string(out[j] - h));
      }
    }
  });
}
