// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace roulade {

/// A cheapest one-to-one assignment of n rows to n columns, with the numbers that prove it.
struct Assignment {
  std::vector<int32_t> column;  ///< [n], of each row
  double cost = 0;              ///< sum over rows of cost[i, column[i]]
  /// [n] each: row[i] + col[j] <= cost[i, j], equal where j = column[i]; their sum is the cost, so none is cheaper.
  std::vector<double> row_price, column_price;
};

/// Solves the linear assignment problem exactly (up to rounding).   cost: [n, n], row after row, finite; n >= 1.
/// Source: Jonker and Volgenant 1987, A shortest augmenting path algorithm for dense and sparse linear assignment
/// problems: column reduction, two rounds of augmenting row reduction, shortest augmenting paths. Time O(n^3).
Assignment assign(std::span<const double> cost, int64_t n);

/// Squared Wasserstein-2 distance of two sets of n points each: the least mean over one-to-one pairings of |x - y|^2.
/// x, y: [n, width], row after row. Holds n^2 doubles.
double wasserstein2_squared(const float* x, const float* y, int64_t n, int64_t width);

}  // namespace roulade
