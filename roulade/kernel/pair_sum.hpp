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

/// sum_i sum_j exp(-|x_i - y_j|^2 / (2 bandwidth^2)).   bandwidth > 0, in the units of the points.
/// Each term is right to 2e-7 absolute (the float exponent decides: 1e-7 of a term at distance 0), their sum as above.
double pair_gaussian_sum(const Columns& x, const Columns& y, double bandwidth);

/// sum_{i < j}: each unordered pair once.
double pair_gaussian_sum(const Columns& x, double bandwidth);

/// The expressions that these must equal, in double.   x: [n, width], y: [m, width], row after row.
double pair_distance_sum_plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width);
double pair_distance_sum_plain(const float* x, int64_t n, int64_t width);
double pair_gaussian_sum_plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width, double bandwidth);
double pair_gaussian_sum_plain(const float* x, int64_t n, int64_t width, double bandwidth);

}  // namespace roulade
