// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/kernel/columns.hpp"

#include <cstdint>

namespace roulade {

/// sum_i sum_j |x_i - y_j|, Euclidean.   x: [n, d], y: [m, d], |values| <= 1e15 (the caller checks).
/// Distances are float, their sum double in an order that does not depend on the threads: relative error below 1e-7.
double pair_distance_sum(const Columns& x, const Columns& y);

/// sum_{i < j} |x_i - x_j|: each unordered pair once.
double pair_distance_sum(const Columns& x);

/// The expressions that both must equal, in double.   x: [n, width], y: [m, width], row after row.
double pair_distance_sum_plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width);
double pair_distance_sum_plain(const float* x, int64_t n, int64_t width);

}  // namespace roulade
