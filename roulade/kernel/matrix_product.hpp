// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace roulade::kernel {

/// A matrix in memory: element (i, j) is at data[i * row + j * column].
struct Matrix {
  const float* data = nullptr;
  int64_t row = 0, column = 1;

  Matrix transposed() const { return {data, column, row}; }
};

/// C = alpha A B + beta D + bias.   A: [rows, depth]; B: [depth, columns]; C and D: [rows, columns], columns side by
/// side; bias: [columns].
struct MatrixProduct {
  int64_t rows = 0, columns = 0, depth = 0;
  Matrix a, b;
  float* c = nullptr;
  int64_t c_row = 0;  ///< floats from one row of C to the next
  float alpha = 1;    ///< not 0
  float beta = 0;
  const float* d = nullptr;  ///< or null; may be C
  int64_t d_row = 0;
  const float* bias = nullptr;  ///< or null
  /// C is known to be symmetric, and rows = columns: its lower half is a copy of the upper one, which saves up to half
  /// of the work where C is large. Without a bias.
  bool symmetric = false;

  /// C = A B. c_row_: 0 = columns.
  MatrixProduct(int64_t rows_, int64_t columns_, int64_t depth_, const Matrix& a_, const Matrix& b_, float* c_,
                int64_t c_row_ = 0)
      : rows(rows_), columns(columns_), depth(depth_), a(a_), b(b_), c(c_), c_row(c_row_ > 0 ? c_row_ : columns_) {}
};

/// Float32 sums in registers, all threads; the order of sums follows from sizes and layouts alone, so the bits do not
/// depend on the number of threads (they do on the instruction set). Where A's rows lie side by side (a.column = 1), a
/// row of C = A B + bias has the same bits whatever the other rows are, and however many. Nothing is aligned or padded.
/// An element of C differs from the exact sum by at most (depth + 4) 2^-24 (|alpha| |A| |B| + |beta D| + |bias|), and
/// by far less as a rule. A thread keeps the memory that B is copied into, as large as the largest B so far. Source:
/// Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication", for the blocking.
void multiply(const MatrixProduct& product);

/// The expression that multiply() must equal, summed in double.
void multiply_plain(const MatrixProduct& product);

}  // namespace roulade::kernel
