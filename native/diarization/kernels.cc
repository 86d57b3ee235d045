#include "diarization/kernels.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "loader/cpu.h"

namespace hearken {
namespace {

constexpr int kPanel = KernelTable::kPanel, kTile = KernelTable::kTile;

int roundUp(int n, int step) {
  return (n + step - 1) / step * step;
}

// Of rows padded to whole panels or tiles, and their bias.
int64_t bytesOf(int padded, int depth) {
  return int64_t{padded} * (depth + 1) * static_cast<int64_t>(sizeof(float));
}

std::atomic<const KernelTable*>& current() {
  static std::atomic<const KernelTable*> table{kernelVersions().front()};
  return table;
}

const KernelTable& kernels() {
  return *current().load(std::memory_order_relaxed);
}

}  // namespace

const std::vector<const KernelTable*>& kernelVersions() {
  static const std::vector<const KernelTable*> versions = [] {
    std::vector<const KernelTable*> found;
    // Of an engine for AVX2, AVX-512 too, where there is any of it; of one for less, nothing that it does not promise.
#ifdef __AVX2__
    if (hearken_cpu_has_avx512f()) found.push_back(&kKernelsAvx512);
    found.push_back(&kKernelsAvx2);
#endif
    found.push_back(&kKernelsPlain);
    return found;
  }();
  return versions;
}

void useKernels(const KernelTable& version) {
  current().store(&version);
}

int64_t PackedMatrix::bytesFor(int rows, int depth) {
  return bytesOf(roundUp(rows, kPanel), depth);
}

int64_t PackedColumns::bytesFor(int outputs, int depth) {
  return bytesOf(roundUp(outputs, kTile), depth);
}

PackedMatrix::PackedMatrix(const float* weights, int rows, int depth, const float* bias) : rows_(rows), depth_(depth) {
  const size_t padded = static_cast<size_t>(roundUp(rows, kPanel));
  data_ = Buffer(MemoryKind::kDiarization, static_cast<size_t>(bytesFor(rows, depth)));
  float* to = data_.floats();
  for (int r = 0; r < rows; ++r) {
    float* panel = to + static_cast<size_t>(r / kPanel) * kPanel * depth + r % kPanel;
    for (int k = 0; k < depth; ++k)
      panel[static_cast<size_t>(k) * kPanel] = weights[static_cast<size_t>(r) * depth + k];
  }
  if (bias) std::copy_n(bias, rows, to + padded * depth);
  bias_ = to + padded * depth;
}

PackedColumns::PackedColumns(const float* weights, int outputs, int depth, const float* bias)
    : outputs_(outputs), depth_(depth) {
  const size_t padded = static_cast<size_t>(roundUp(outputs, kTile));
  data_ = Buffer(MemoryKind::kDiarization, static_cast<size_t>(bytesFor(outputs, depth)));
  float* to = data_.floats();
  for (int n = 0; n < outputs; ++n) {
    float* tile = to + static_cast<size_t>(n / kTile) * kTile * depth + n % kTile;
    for (int k = 0; k < depth; ++k) tile[static_cast<size_t>(k) * kTile] = weights[static_cast<size_t>(n) * depth + k];
  }
  if (bias) std::copy_n(bias, outputs, to + padded * depth);
  bias_ = to + padded * depth;
}

void multiply(const PackedMatrix& weights, const float* const* x, int columns, float* out, ptrdiff_t outStride,
              Finish finish) {
  kernels().multiply(weights.panels(), weights.bias(), weights.rows(), weights.depth(), x, columns, out, outStride,
                     finish);
}

void multiplyRows(const PackedColumns& weights, const float* x, ptrdiff_t xStride, int rows, float* out,
                  ptrdiff_t outStride, Finish finish) {
  kernels().multiplyRows(x, xStride, rows, weights.tiles(), weights.bias(), weights.depth(), weights.outputs(), out,
                         outStride, finish);
}

void addMultipliedRows(const PackedColumns& weights, const float* x, ptrdiff_t xStride, int rows, float* out,
                       ptrdiff_t outStride) {
  kernels().multiplyRows(x, xStride, rows, weights.tiles(), nullptr, weights.depth(), weights.outputs(), out, outStride,
                         Finish::kNone);
}

void lstmCell(const float* gates, int hidden, float* cell, float* out) {
  kernels().lstmCell(gates, hidden, cell, out);
}

float lstmGateScale(int gate) {
  constexpr float kLog2e = 1.44269504f;
  return gate == 2 ? -2 * kLog2e : -kLog2e;
}

}  // namespace hearken
