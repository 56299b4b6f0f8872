// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/matrix_product.hpp"

#include "sets.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade::kernel {
namespace {

struct Size {
  int64_t rows, columns, depth;
};

// Whole tiles, each remainder of rows and columns, one and several passes over the depth, a depth split among tasks.
const std::vector<Size> kSizes = {{1, 1, 1},     {12, 32, 256},  {13, 33, 257}, {1, 70, 300},   {5, 7, 11},
                                  {96, 256, 20}, {97, 129, 600}, {25, 48, 9},   {20, 40, 2100}, {30, 20, 1025},
                                  {200, 15, 31}, {11, 130, 520}, {12, 5, 3}};

/// A matrix in one of three layouts: rows side by side, columns side by side, rows with a gap between them.
struct Stored {
  std::vector<float> values;
  Matrix matrix;

  Stored(uint64_t seed, int64_t rows, int64_t columns, int layout) {
    const int64_t row = layout == 2 ? columns + 3 : columns;
    values = test::normal(seed, std::max<int64_t>(1, rows * (layout == 1 ? columns : row)), 1);
    matrix = layout == 1 ? Matrix{values.data(), 1, rows} : Matrix{values.data(), row, 1};
  }
};

constexpr float kUntouched = -77;

/// C with a gap behind each row, and everything that a product can have.
struct Case {
  Size size;
  Stored a, b;
  std::vector<float> bias, d, c;
  MatrixProduct product;

  Case(const Size& s, int a_layout, int b_layout, bool more, bool into_c)
      : size(s),
        a(1, s.rows, s.depth, a_layout),
        b(2, s.depth, s.columns, b_layout),
        c(static_cast<size_t>(s.rows * (s.columns + 2)), kUntouched),
        product(s.rows, s.columns, s.depth, a.matrix, b.matrix, c.data(), s.columns + 2) {
    const int64_t row = product.c_row;
    if (more) {
      bias = test::normal(3, s.columns, 1);
      d = test::normal(4, s.rows, row);
      for (int64_t m = 0; m < s.rows; ++m)
        for (int64_t n = s.columns; n < row; ++n) d[static_cast<size_t>(m * row + n)] = kUntouched;
      if (into_c) c = d;
      product.c = c.data();
      product.alpha = -1.5F;
      product.beta = 0.75F;
      product.bias = bias.data();
      product.d = into_c ? c.data() : d.data();
      product.d_row = row;
    }
  }

  /// The bound of the header, for each element.
  std::vector<double> bounds() const {
    std::vector<double> out(c.size(), 0.0);
    for (int64_t m = 0; m < size.rows; ++m)
      for (int64_t n = 0; n < size.columns; ++n) {
        double sum = 0;
        for (int64_t k = 0; k < size.depth; ++k)
          sum += std::abs(static_cast<double>(a.matrix.data[m * a.matrix.row + k * a.matrix.column]) *
                          static_cast<double>(b.matrix.data[k * b.matrix.row + n * b.matrix.column]));
        const auto at = static_cast<size_t>(m * product.c_row + n);
        sum *= std::abs(static_cast<double>(product.alpha));
        if (!bias.empty()) sum += std::abs(static_cast<double>(bias[static_cast<size_t>(n)]));
        if (!d.empty()) sum += std::abs(static_cast<double>(product.beta * d[at]));
        out[at] = static_cast<double>(size.depth + 4) * std::ldexp(sum, -24);
      }
    return out;
  }
};

TEST(MatrixProduct, EqualsThePlainExpression) {
  for (const Size& s : kSizes)
    for (int layouts = 0; layouts < 9; ++layouts)
      for (const int more : {0, 1, 2}) {
        Case plain(s, layouts / 3, layouts % 3, more > 0, false);
        const std::vector<double> bounds = plain.bounds();
        multiply_plain(plain.product);
        test::for_each_instruction_set([&](const char* set) {
          Case fast(s, layouts / 3, layouts % 3, more > 0, more == 2);
          multiply(fast.product);
          for (size_t i = 0; i < bounds.size(); ++i)
            ASSERT_LE(std::abs(static_cast<double>(fast.c[i]) - static_cast<double>(plain.c[i])), bounds[i])
                << fmt::format("{}: {} x {} x {}, layouts {}, more {}, element {}", set, s.rows, s.columns, s.depth,
                               layouts, more, i);
        });
      }
}

// X X^T and polynomials of it: the upper half has the bits of the whole product, the lower one those of the upper.
TEST(MatrixProduct, CopiesTheLowerHalfOfWhatIsSymmetric) {
  for (const int64_t n : {1, 3, 4, 5, 12, 13, 31, 33, 64, 97, 130, 300})
    for (const int layout : {0, 1})
      for (const bool more : {false, true}) {
        const int64_t depth = layout == 1 ? 1100 : 70;  // split among tasks, and not
        const Stored x(1, n, depth, layout);
        const std::vector<float> one = test::normal(3, n * n, 1);
        std::vector<float> d(one), gap(static_cast<size_t>(n * (n + 3)), kUntouched);
        for (int64_t i = 0; i < n; ++i)
          for (int64_t j = 0; j < n; ++j) d[static_cast<size_t>(i * n + j)] += one[static_cast<size_t>(j * n + i)];
        test::for_each_instruction_set([&](const char* set) {
          std::vector<float> whole(gap), half(gap);
          MatrixProduct p(n, n, depth, x.matrix, x.matrix.transposed(), whole.data(), n + 3);
          if (more) {
            p.d = d.data();
            p.d_row = n;
            p.beta = 0.5F;
            p.alpha = -2;
          }
          multiply(p);
          p.symmetric = true;
          p.c = half.data();
          multiply(p);
          for (int64_t i = 0; i < n; ++i) {
            for (int64_t j = 0; j < n; ++j)
              ASSERT_EQ(half[static_cast<size_t>(i * (n + 3) + j)],
                        whole[static_cast<size_t>(std::min(i, j) * (n + 3) + std::max(i, j))])
                  << fmt::format("{}: {}, layout {}, {} {}", set, n, layout, i, j);
            EXPECT_EQ(half[static_cast<size_t>(i * (n + 3) + n)], kUntouched);
          }
        });
      }
}

TEST(MatrixProduct, HasTheSameBitsOnAnyNumberOfThreads) {
  const int before = threads();
  for (const Size& s : {Size{97, 257, 600}, Size{64, 64, 2100}, Size{300, 40, 70}}) {
    set_threads(1);
    Case one(s, 1, 1, true, false);
    multiply(one.product);
    set_threads(4);
    Case four(s, 1, 1, true, false);
    multiply(four.product);
    EXPECT_EQ(one.c, four.c) << s.rows;
  }
  set_threads(before);
}

// A sample must not depend on those beside it: neither on their number nor on what they hold.
TEST(MatrixProduct, ARowHasTheSameBitsAlone) {
  test::for_each_instruction_set([](const char* set) {
    for (const int64_t depth : {700, 2100}) {
      const Size all{40, 100, depth};
      Case together(all, 0, 1, false, false);
      const std::vector<float> bias = test::normal(3, all.columns, 1);
      together.product.bias = bias.data();
      multiply(together.product);
      for (const int64_t rows : {1, 5, 12, 13, 31}) {
        Case some(Size{rows, all.columns, all.depth}, 0, 1, false, false);
        some.product.a = together.product.a;
        some.product.b = together.product.b;
        some.product.bias = bias.data();
        multiply(some.product);
        for (size_t i = 0; i < some.c.size(); ++i)
          ASSERT_EQ(some.c[i], together.c[i]) << set << ", " << rows << ", element " << i;
      }
    }
  });
}

TEST(MatrixProduct, OfNothingIsWhatIsAdded) {
  Case empty({3, 4, 0}, 0, 0, true, false), expected({3, 4, 0}, 0, 0, true, false);
  multiply(empty.product);
  multiply_plain(expected.product);
  EXPECT_EQ(empty.c, expected.c);
  EXPECT_FLOAT_EQ(empty.c[0], 0.75F * empty.d[0] + empty.bias[0]);
  Case none({0, 4, 5}, 0, 0, false, false);
  multiply(none.product);
}

TEST(MatrixProduct, HandsOnWhatIsNoNumber) {
  Case product({20, 40, 30}, 0, 1, false, false);
  product.a.values[3 * 30 + 7] = std::numeric_limits<float>::quiet_NaN();
  multiply(product.product);
  for (int64_t m = 0; m < 20; ++m)
    for (int64_t n = 0; n < 40; ++n)
      EXPECT_EQ(std::isnan(product.c[static_cast<size_t>(m * product.product.c_row + n)]), m == 3);
}

}  // namespace
}  // namespace roulade::kernel
