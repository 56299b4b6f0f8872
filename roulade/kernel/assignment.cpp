// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/assignment.hpp"

#include "roulade/kernel/squared_distance.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace roulade {
namespace {

constexpr double kFar = std::numeric_limits<double>::infinity();

/// The paper's phases on one problem. x: column of a row, y: row of a column (-1 = none), v: price of a column.
class Solver {
 public:
  Solver(std::span<const double> cost, int64_t n)
      : cost_(cost),
        n_(static_cast<int32_t>(n)),
        x_(static_cast<size_t>(n), -1),
        y_(static_cast<size_t>(n), -1),
        v_(static_cast<size_t>(n), kFar) {}

  Assignment solve() {
    reduce_columns();
    std::vector<int32_t> free;
    for (int32_t i = 0; i < n_; ++i)
      if (at(x_, i) < 0) free.push_back(i);
    for (int round = 0; round < 2; ++round) free = reduce_rows(std::move(free));
    for (const int32_t i : free) augment(i);
    Assignment out{std::move(x_), 0, {}, std::move(v_)};
    for (int32_t i = 0; i < n_; ++i) {
      const int32_t j = at(out.column, i);
      out.cost += row(i)[j];
      out.row_price.push_back(row(i)[j] - at(out.column_price, j));
    }
    return out;
  }

 private:
  template <class T>
  static T& at(std::vector<T>& values, int32_t i) {
    return values[static_cast<size_t>(i)];
  }
  const double* row(int32_t i) const { return &cost_[static_cast<size_t>(int64_t{i} * n_)]; }

  /// Each column's price is its least cost, and it goes to that row where no other column has it.
  void reduce_columns() {
    std::vector<int32_t> least(static_cast<size_t>(n_));
    for (int32_t i = 0; i < n_; ++i)
      for (int32_t j = 0; j < n_; ++j)
        if (row(i)[j] < at(v_, j)) {
          at(v_, j) = row(i)[j];
          at(least, j) = i;
        }
    for (int32_t j = n_ - 1; j >= 0; --j)
      if (const int32_t i = at(least, j); at(x_, i) < 0) {
        at(x_, i) = j;
        at(y_, j) = i;
      }
  }

  /// Gives each free row its cheapest column, lowers that column's price until the second cheapest is as good, and goes
  /// on with the row that lost it. Returns the rows left free.
  std::vector<int32_t> reduce_rows(std::vector<int32_t> free) {
    std::vector<int32_t> left;
    // Rounding can let two rows take a column from each other without end: after 4 n turns paths do the rest.
    int64_t turns = 4 * int64_t{n_};
    while (!free.empty()) {
      const int32_t i = free.back();
      free.pop_back();
      const double* c = row(i);
      double first = kFar, second = kFar;
      int32_t j1 = 0, j2 = 0;
      for (int32_t j = 0; j < n_; ++j) {
        const double reduced = c[j] - at(v_, j);
        if (reduced >= second) continue;
        if (reduced < first) {
          second = std::exchange(first, reduced);
          j2 = std::exchange(j1, j);
        } else {
          second = reduced;
          j2 = j;
        }
      }
      if (n_ == 1) second = first;
      const double lower = at(v_, j1) - (second - first);
      const bool lowers = lower < at(v_, j1) && --turns > 0;
      if (lowers)
        at(v_, j1) = lower;
      else if (at(y_, j1) >= 0 && at(y_, j2) < 0 && second == first)
        std::swap(j1, j2);
      if (!lowers && at(y_, j1) >= 0) {
        left.push_back(i);
        continue;
      }
      const int32_t lost = std::exchange(at(y_, j1), i);
      at(x_, i) = j1;
      if (lost >= 0) {
        at(x_, lost) = -1;
        free.push_back(lost);
      }
    }
    return left;
  }

  /// Dijkstra over columns from a free row to the nearest free column, then prices and the assignment along the path.
  void augment(int32_t start) {
    distance_.assign(static_cast<size_t>(n_), kFar);
    from_.assign(static_cast<size_t>(n_), start);
    open_.resize(static_cast<size_t>(n_));
    std::iota(open_.begin(), open_.end(), 0);
    int32_t i = start, opened = n_, sink = -1;
    double nearest = 0;
    while (sink < 0) {
      const double* c = row(i);
      // Of the row's own column, at no reduced cost, the path has come this far.
      const double base = nearest - (i == start ? 0 : c[at(x_, i)] - at(v_, at(x_, i)));
      double least = kFar;
      int32_t place = 0;
      for (int32_t k = 0; k < opened; ++k) {
        const int32_t j = at(open_, k);
        const double d = base + c[j] - at(v_, j);
        if (d < at(distance_, j)) {
          at(distance_, j) = d;
          at(from_, j) = i;
        }
        if (at(distance_, j) < least || (at(distance_, j) == least && at(y_, j) < 0)) {
          least = at(distance_, j);
          place = k;
        }
      }
      nearest = least;
      const int32_t j = at(open_, place);
      std::swap(at(open_, place), at(open_, --opened));  // columns that are done gather at the end
      if (at(y_, j) < 0)
        sink = j;
      else
        i = at(y_, j);
    }
    for (int32_t k = opened; k < n_; ++k) {
      const int32_t j = at(open_, k);
      at(v_, j) += at(distance_, j) - nearest;
    }
    for (int32_t j = sink, i_of = -1; i_of != start;) {
      i_of = at(from_, j);
      at(y_, j) = i_of;
      std::swap(j, at(x_, i_of));
    }
  }

  std::span<const double> cost_;
  int32_t n_;
  std::vector<int32_t> x_, y_;
  std::vector<double> v_, distance_;
  std::vector<int32_t> from_, open_;
};

}  // namespace

Assignment assign(std::span<const double> cost, int64_t n) { return Solver(cost, n).solve(); }

double wasserstein2_squared(const float* x, const float* y, int64_t n, int64_t width) {
  std::vector<double> cost(static_cast<size_t>(n * n));
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j)
      cost[static_cast<size_t>(i * n + j)] = squared_distance(x + i * width, y + j * width, width);
  return assign(cost, n).cost / static_cast<double>(n);
}

}  // namespace roulade
