// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace roulade {

/// The slopes dy/ds of n rows that have come to different s.   s: [n]; y: [n * width]; rows: [n], which of the
/// problem's rows they are; slope: [n * width], to be written.
using RowSlopes = std::function<void(std::span<const double> s, std::span<const double> y,
                                     std::span<const int64_t> rows, std::span<double> slope)>;

struct OdeOptions {
  double tolerance = 1e-5;     ///< of each step, relative to 1 + |y|
  int64_t most_steps = 20000;  ///< tried for one row before it is given up
};

struct OdeResult {
  std::vector<double> y;  ///< [rows * width] at `to`
  int64_t slopes = 0;     ///< rows evaluated in all
  bool finished = true;   ///< false: cancelled, y is worth nothing
};

/// Integrates dy/ds of independent rows from `from` to `to` by the pair of orders 5 and 4 of Dormand and Prince. Each
/// row has steps of its own, so its result does not depend on the rows beside it. A step is taken when the root mean
/// square over the row of |y_5 - y_4| / (tolerance (1 + |y|)) is at most 1.   y: [rows * width]; from != to.
/// Throws Error(numeric) when a row needs more than most_steps, or its slope is not finite.
/// Source: Dormand and Prince 1980, table 2 (RK5(4)7M); Hairer, Norsett and Wanner 1993, section II.4.
OdeResult integrate_rows(const RowSlopes& slopes, std::vector<double> y, int64_t width, double from, double to,
                         const OdeOptions& options = {}, const Cancel& cancel = {});

}  // namespace roulade
