#pragma once

#include <cstddef>

// What every instruction set's version of the kernels provides. This header reaches files compiled for instructions
// that the CPU may lack, so it holds no inline functions and includes none: a linker keeps one copy of such a function
// and might keep theirs.
namespace hearken {

// What becomes of a sum before it is stored.
enum class Finish { kNone, kRelu, kLeakyRelu };  // leaky: 0.01

struct KernelTable {
  static constexpr int kPanel = 8;  // rows of a panel of PackedMatrix
  static constexpr int kTile = 48;  // columns of a tile of PackedColumns

  const char* name;
  // See multiply(). `bias` is padded to whole panels.
  void (*multiply)(const float* panels, const float* bias, int rows, int depth, const float* const* x, int columns,
                   float* out, ptrdiff_t outStride, Finish finish);
  // See multiplyRows(). `bias` null: sums start from what is in `out`.
  void (*multiplyRows)(const float* x, ptrdiff_t xStride, int rows, const float* tiles, const float* bias, int depth,
                       int columns, float* out, ptrdiff_t outStride, Finish finish);
  // One step of one LSTM: see lstmCell().
  void (*lstmCell)(const float* gates, int hidden, float* cell, float* out);
};

extern const KernelTable kKernelsPlain;
extern const KernelTable kKernelsAvx2;
extern const KernelTable kKernelsAvx512;

}  // namespace hearken
