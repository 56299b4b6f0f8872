// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/matrix_product.hpp"

#include "roulade/kernel/tasks.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/matrix_product.cpp"
// What is compiled once for each instruction set comes last.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "roulade/kernel/tile_product.hpp"
// clang-format on

#ifndef ROULADE_MATRIX_PRODUCT_TYPES
#define ROULADE_MATRIX_PRODUCT_TYPES
namespace roulade::kernel {
namespace {

constexpr int64_t kDepth = 256;         // of one pass: a panel of B stays in the first cache
constexpr int64_t kRows = 96;           // of one task: with kDepth, A's share stays in the second cache
constexpr int64_t kColumns = 256;       // of one task
constexpr int64_t kEnoughTasks = 16;    // fewer, and a long depth is split among tasks
constexpr int64_t kShortestPart = 512;  // of a split depth
constexpr int64_t kFewRows = 12;        // of A, where turning the product around costs less than copying B
constexpr int64_t kSmall = 1 << 16;     // multiplications that one thread does sooner than two

int64_t pieces(int64_t n, int64_t of) { return (n + of - 1) / of; }

struct alignas(64) Line {
  float lane[16];
};

/// Memory that grows and is kept, on whole lines.
float* grown(std::vector<Line>& memory, int64_t floats) {
  const auto lines = static_cast<size_t>(pieces(floats, 16));
  if (memory.size() < lines) memory.resize(lines);
  return memory.data()->lane;
}

/// Panels of columns of B for all of the depth, where their rows lie side by side: B's own memory, or a copy filled up
/// with zeros to whole panels.
struct Panels {
  const float* own = nullptr;   // of column 0
  int64_t own_row = 0;          // floats between rows there
  int64_t first_copied = 0;     // panel
  const float* copy = nullptr;  // [panel - first_copied, depth, width]
  int64_t depth = 0, width = 0;

  const float* at(int64_t panel, int64_t k) const {
    return panel < first_copied ? own + k * own_row + panel * width
                                : copy + ((panel - first_copied) * depth + k) * width;
  }
  int64_t row(int64_t panel) const { return panel < first_copied ? own_row : width; }
};

}  // namespace
}  // namespace roulade::kernel
#endif

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

constexpr int kTileRows = HWY_MAX_BYTES >= 64 ? 12 : 6;  // as many sums of two vectors as there are registers

/// What happens to a tile's sums before and after a pass over some of the depth.
struct Pass {
  bool begins = true, ends = true;  // from 0, or from what C holds; is what comes after the sum done?
  float beta = 0, alpha = 1;        // beta is divided by alpha, which multiplies the whole sum in the end
  const float* d = nullptr;         // before the sum: it may be C
  int64_t d_row = 0;
  const float* bias = nullptr;  // behind it
};

/// A vector of a tile's row, of which `count` floats are there unless it is whole.
template <bool kWhole>
HWY_INLINE Vec load_part(const float* from, bool whole, int64_t count) {
  if constexpr (kWhole) return load_some(from, Whole());
  return whole ? load_some(from, Whole()) : load_some(from, count);
}

template <bool kWhole>
HWY_INLINE void store_part(Vec v, float* to, bool whole, int64_t count) {
  if constexpr (kWhole) return store_some(v, to, Whole());
  return whole ? store_some(v, to, Whole()) : store_some(v, to, count);
}

/// kM rows, kN vectors, of which the last has `count` columns unless kWhole.
template <int kM, int kN, bool kWhole>
HWY_INLINE void tile(int64_t k, const float* a, int64_t a_row, int64_t a_k, const float* b, int64_t b_row, float* c,
                     int64_t c_row, int64_t count, const Pass& pass) {
  const Floats f;
  const auto lanes = static_cast<int64_t>(hn::Lanes(f));
  Vec sum[kM][kN];
  ROULADE_UNROLL
  for (int m = 0; m < kM; ++m) {
    ROULADE_UNROLL
    for (int n = 0; n < kN; ++n) {
      const int64_t at = n * lanes;
      const bool whole = n + 1 < kN;
      sum[m][n] = pass.begins ? hn::Zero(f) : load_part<kWhole>(c + m * c_row + at, whole, count);
      if (pass.d)
        sum[m][n] = hn::Mul(hn::Set(f, pass.beta), load_part<kWhole>(pass.d + m * pass.d_row + at, whole, count));
    }
  }
  add_products<kM, kN>(k, a, a_row, a_k, b, b_row, sum);
  ROULADE_UNROLL
  for (int m = 0; m < kM; ++m) {
    ROULADE_UNROLL
    for (int n = 0; n < kN; ++n) {
      const int64_t at = n * lanes;
      const bool whole = n + 1 < kN;
      if (pass.ends && pass.alpha != 1) sum[m][n] = hn::Mul(sum[m][n], hn::Set(f, pass.alpha));
      if (pass.bias) sum[m][n] = hn::Add(sum[m][n], load_part<kWhole>(pass.bias + at, whole, count));
      store_part<kWhole>(sum[m][n], c + m * c_row + at, whole, count);
    }
  }
}

/// Rows of one panel.
template <int kN, bool kWhole>
void tiles(int64_t rows, int64_t k, const float* a, int64_t a_row, int64_t a_k, const float* b, int64_t b_row, float* c,
           int64_t c_row, int64_t count, const Pass& pass) {
  int64_t m = 0;
  const auto next = [&](auto height) HWY_ATTR {
    constexpr int kM = decltype(height)::value;
    Pass here = pass;
    if (here.d) here.d += m * here.d_row;
    tile<kM, kN, kWhole>(k, a + m * a_row, a_row, a_k, b, b_row, c + m * c_row, c_row, count, here);
    m += kM;
  };
  while (m + kTileRows <= rows) next(std::integral_constant<int, kTileRows>());
  if constexpr (kTileRows > 8)
    if (m + 8 <= rows) next(std::integral_constant<int, 8>());
  if (m + 4 <= rows) next(std::integral_constant<int, 4>());
  if (m + 2 <= rows) next(std::integral_constant<int, 2>());
  if (m < rows) next(std::integral_constant<int, 1>());
}

/// to[i * to_row + j] = from[j * from_row + i] for i, j < 4.
HWY_INLINE void turn_block(const float* from, int64_t from_row, float* to, int64_t to_row) {
  const hn::Full128<float> f;
  const hn::Full128<double> pairs;
  const auto a = hn::LoadU(f, from), b = hn::LoadU(f, from + from_row), c = hn::LoadU(f, from + 2 * from_row),
             d = hn::LoadU(f, from + 3 * from_row);
  const auto pair = [&](auto x) HWY_ATTR { return hn::BitCast(pairs, x); };
  const auto low_ab = pair(hn::InterleaveLower(f, a, b)), low_cd = pair(hn::InterleaveLower(f, c, d));
  const auto high_ab = pair(hn::InterleaveUpper(f, a, b)), high_cd = pair(hn::InterleaveUpper(f, c, d));
  hn::StoreU(hn::BitCast(f, hn::InterleaveLower(pairs, low_ab, low_cd)), f, to);
  hn::StoreU(hn::BitCast(f, hn::InterleaveUpper(pairs, low_ab, low_cd)), f, to + to_row);
  hn::StoreU(hn::BitCast(f, hn::InterleaveLower(pairs, high_ab, high_cd)), f, to + 2 * to_row);
  hn::StoreU(hn::BitCast(f, hn::InterleaveUpper(pairs, high_ab, high_cd)), f, to + 3 * to_row);
}

void copy_panel(const MatrixProduct& p, int64_t panel, int64_t width, float* to) {
  const int64_t first = panel * width, count = std::min(width, p.columns - first);
  const float* const from = p.b.data + first * p.b.column;
  if (count < width) std::fill_n(to, p.depth * width, 0.0F);
  if (p.b.column == 1) {
    for (int64_t k = 0; k < p.depth; ++k) std::copy_n(from + k * p.b.row, count, to + k * width);
    return;
  }
  const int64_t blocks_k = p.b.row == 1 ? p.depth / 4 * 4 : 0, blocks_n = count / 4 * 4;
  constexpr int64_t kTogether = 16;  // a line of each of B's columns
  for (int64_t k = 0; k < blocks_k; k += kTogether)
    for (int64_t n = 0; n < blocks_n; n += 4)
      for (int64_t i = k; i < std::min(blocks_k, k + kTogether); i += 4)
        turn_block(from + n * p.b.column + i, p.b.column, to + i * width + n, width);
  for (int64_t k = 0; k < p.depth; ++k)
    for (int64_t n = k < blocks_k ? blocks_n : 0; n < count; ++n)
      to[k * width + n] = from[k * p.b.row + n * p.b.column];
}

struct Range {
  int64_t first = 0, last = 0;
};

/// Rows and columns of C, from what some of the depth gives; into c, which lies as C does.
void multiply_block(const MatrixProduct& p, const Panels& b, Range rows, Range columns, Range depth, float* c,
                    int64_t c_row, bool first_part) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Floats()));
  for (int64_t k = depth.first; k < depth.last; k += kDepth) {
    const int64_t count = std::min(kDepth, depth.last - k);
    Pass pass{.begins = k == depth.first, .ends = k + count == depth.last, .alpha = p.alpha};
    for (int64_t n = columns.first; n < columns.last; n += b.width) {
      const int64_t width = std::min(b.width, columns.last - n), panel = n / b.width;
      const int64_t last_row = p.symmetric ? std::min(rows.last, n + width) : rows.last;
      if (last_row <= rows.first) continue;
      if (first_part && pass.begins && p.d) {
        pass.d = p.d + rows.first * p.d_row + n;
        pass.d_row = p.d_row;
        pass.beta = p.beta / p.alpha;
      }
      if (first_part && pass.ends && p.bias) pass.bias = p.bias + n;
      const auto go = [&](auto run, int64_t last) {
        run(last_row - rows.first, count, p.a.data + rows.first * p.a.row + k * p.a.column, p.a.row, p.a.column,
            b.at(panel, k), b.row(panel), c + rows.first * c_row + n, c_row, last, pass);
      };
      if (width == 2 * lanes)
        go(tiles<2, true>, lanes);
      else if (width > lanes)
        go(tiles<2, false>, width - lanes);
      else
        width == lanes ? go(tiles<1, true>, lanes) : go(tiles<1, false>, width);
    }
  }
}

/// Below the diagonal as above it.
void mirror(const MatrixProduct& p) {
  constexpr int64_t kSide = 4;  // of a block
  const int64_t n = p.rows, whole = n / kSide * kSide;
  for (int64_t i = 0; i < n; i += kSide) {
    for (int64_t j = i + kSide; j < whole; j += kSide)
      turn_block(p.c + i * p.c_row + j, p.c_row, p.c + j * p.c_row + i, p.c_row);
    for (int64_t row = i; row < std::min(n, i + kSide); ++row) {
      for (int64_t column = row + 1; column < std::min(n, i + kSide); ++column)
        p.c[column * p.c_row + row] = p.c[row * p.c_row + column];
      for (int64_t column = std::max(whole, i + kSide); column < n; ++column)
        p.c[column * p.c_row + row] = p.c[row * p.c_row + column];
    }
  }
}

/// splits: may a long depth be summed in parts? How many follows from the number of rows as well.
void multiply_blocks(const MatrixProduct& p, bool splits) {
  thread_local std::vector<Line> copied, partial;
  const auto width = 2 * static_cast<int64_t>(hn::Lanes(Floats()));
  const int64_t panels = pieces(p.columns, width);
  Panels b{.own = p.b.data, .own_row = p.b.row, .depth = p.depth, .width = width};
  b.first_copied = p.b.column == 1 ? p.columns / width : 0;
  const bool small = p.rows * p.columns * p.depth < kSmall;
  const auto spread = [&](int64_t count, const auto& body) {
    if (small)
      for (int64_t i = 0; i < count; ++i) body(i);
    else
      for_each_task(count, body);
  };
  if (b.first_copied < panels) {
    float* const to = grown(copied, (panels - b.first_copied) * p.depth * width);
    spread(panels - b.first_copied,
           [&](int64_t i) { copy_panel(p, b.first_copied + i, width, to + i * p.depth * width); });
    b.copy = to;
  }
  const int64_t down = pieces(p.rows, kRows), across = pieces(p.columns, kColumns), blocks = down * across;
  const int64_t most =
      splits ? std::max<int64_t>(1, std::min(pieces(kEnoughTasks, blocks), p.depth / kShortestPart)) : 1;
  const int64_t part_depth = pieces(pieces(p.depth, most), 16) * 16, parts = pieces(p.depth, part_depth);
  float* const sums = parts > 1 ? grown(partial, (parts - 1) * p.rows * p.columns) : nullptr;
  spread(parts * blocks, [&](int64_t task) {
    const int64_t part = task / blocks, row = task % blocks / across * kRows, column = task % across * kColumns;
    const Range depth{part * part_depth, std::min(p.depth, (part + 1) * part_depth)};
    float* const to = part == 0 ? p.c : sums + (part - 1) * p.rows * p.columns;
    multiply_block(p, b, {row, std::min(p.rows, row + kRows)}, {column, std::min(p.columns, column + kColumns)}, depth,
                   to, part == 0 ? p.c_row : p.columns, part == 0);
  });
  if (parts > 1)
    spread(p.rows, [&](int64_t row) {
      float* const to = p.c + row * p.c_row;
      for (int64_t part = 1; part < parts; ++part) {
        const float* const from = sums + ((part - 1) * p.rows + row) * p.columns;
        for (int64_t n = p.symmetric ? row : 0; n < p.columns; ++n) to[n] += from[n];
      }
    });
  if (p.symmetric) mirror(p);
}

/// C' = B' A': where A has few rows, less than copying B. Sums are the same, term by term.
void multiply_across(const MatrixProduct& p) {
  thread_local std::vector<Line> turned;
  MatrixProduct q(p.columns, p.rows, p.depth, p.b.transposed(), p.a.transposed(), grown(turned, p.rows * p.columns));
  q.alpha = p.alpha;
  multiply_blocks(q, false);
  for (int64_t m = 0; m < p.rows; ++m)
    for (int64_t n = 0; n < p.columns; ++n) {
      const float sum = q.c[n * p.rows + m];
      p.c[m * p.c_row + n] = p.bias ? sum + p.bias[n] : sum;
    }
}

void multiply_here(const MatrixProduct& p) {
  const bool side_by_side = p.a.column == 1;
  if (side_by_side && p.rows <= kFewRows && p.b.column != 1 && !p.d && !p.symmetric) return multiply_across(p);
  multiply_blocks(p, !side_by_side);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade::kernel {

HWY_EXPORT(multiply_here);

void multiply(const MatrixProduct& product) {
  if (product.rows == 0 || product.columns == 0) return;
  if (product.depth == 0) return multiply_plain(product);
  HWY_DYNAMIC_DISPATCH(multiply_here)(product);
}

void multiply_plain(const MatrixProduct& p) {
  for (int64_t m = 0; m < p.rows; ++m)
    for (int64_t n = 0; n < p.columns; ++n) {
      double sum = 0;
      for (int64_t k = 0; k < p.depth; ++k)
        sum += static_cast<double>(p.a.data[m * p.a.row + k * p.a.column]) *
               static_cast<double>(p.b.data[k * p.b.row + n * p.b.column]);
      sum *= static_cast<double>(p.alpha);
      if (p.bias) sum += static_cast<double>(p.bias[n]);
      if (p.d) sum += static_cast<double>(p.beta) * static_cast<double>(p.d[m * p.d_row + n]);
      p.c[m * p.c_row + n] = static_cast<float>(sum);
    }
}

}  // namespace roulade::kernel
#endif
