#pragma once

#include <cstddef>
#include <vector>

#include "core/buffer.h"
#include "diarization/kernels_table.h"

namespace hearken {

// The heavy loops of the nets, in float32, each in versions for AVX-512, AVX2 and anything else (NEON among them); the
// best that this CPU can run is taken. Sums run over k in order with fused multiply-add, whatever the tiling, so a
// value depends neither on its neighbours nor on how work was batched, and has the same bits with AVX2 and AVX-512. x
// rows are read only where results are asked for: nothing beyond the given columns is touched.

// A matrix laid out for multiply(): panels of a few rows, each column of a panel together, so that a kernel reads it
// from front to back. Immutable once made.
class PackedMatrix {
 public:
  PackedMatrix() = default;
  // weights[rows][depth], row-major. bias[rows] or null.
  PackedMatrix(const float* weights, int rows, int depth, const float* bias = nullptr);
  int rows() const { return rows_; }
  int depth() const { return depth_; }
  int64_t bytes() const { return static_cast<int64_t>(data_.size()); }
  static int64_t bytesFor(int rows, int depth);  // before there is one
  const float* panels() const { return data_.floats(); }
  const float* bias() const { return bias_; }

 private:
  int rows_ = 0, depth_ = 0;
  Buffer data_;  // kDiarization; the bias, padded to whole panels, behind the panels
  const float* bias_ = nullptr;
};

// out[r * outStride + c] = finish(Σk weights[r][k] · x[k][c] + bias[r]) for c in [0, columns).
// x[k] points at `columns` floats, each row wherever it lies: a convolution passes its input rows shifted by the taps
// (reading a zero margin that the caller keeps), and needs no unfolding. Rows that lie a multiple of 4 KiB apart fight
// for the same cache lines: choose a pitch that is not near one.
void multiply(const PackedMatrix& weights, const float* const* x, int columns, float* out, ptrdiff_t outStride,
              Finish finish = Finish::kNone);

// The same weights for inputs whose features lie together: tiles of columns, one column an output.
class PackedColumns {
 public:
  PackedColumns() = default;
  // weights[outputs][depth], row-major. bias[outputs] or null.
  PackedColumns(const float* weights, int outputs, int depth, const float* bias = nullptr);
  int outputs() const { return outputs_; }
  int depth() const { return depth_; }
  int64_t bytes() const { return static_cast<int64_t>(data_.size()); }
  static int64_t bytesFor(int outputs, int depth);
  const float* tiles() const { return data_.floats(); }
  const float* bias() const { return bias_; }

 private:
  int outputs_ = 0, depth_ = 0;
  Buffer data_;  // kDiarization; the bias, zero where none was given, behind the tiles
  const float* bias_ = nullptr;
};

// out[r * outStride + n] = finish(Σk weights[n][k] · x[r * xStride + k] + bias[n]).
void multiplyRows(const PackedColumns& weights, const float* x, ptrdiff_t xStride, int rows, float* out,
                  ptrdiff_t outStride, Finish finish = Finish::kNone);
// out[r * outStride + n] += Σk weights[n][k] · x[r * xStride + k].
void addMultipliedRows(const PackedColumns& weights, const float* x, ptrdiff_t xStride, int rows, float* out,
                       ptrdiff_t outStride);

// One step of an LSTM's cell: gates[4][hidden] (i, f, g, o before their functions), cell[hidden] updated, out[hidden].
// The gates come scaled, so that their exponentials are powers of two: i, f and o by −log2(e), g by −2·log2(e)
// (see lstmGateScale). `hidden` is a multiple of 16. Error of a value below 1e-6.
void lstmCell(const float* gates, int hidden, float* cell, float* out);
float lstmGateScale(int gate);  // gate: 0 i, 1 f, 2 g, 3 o

// The versions that this CPU can run, best first. The functions above use the first; tests compare them all.
const std::vector<const KernelTable*>& kernelVersions();
// Makes the functions above use one of them: for tests and measurements, while nothing computes.
void useKernels(const KernelTable& version);

}  // namespace hearken
