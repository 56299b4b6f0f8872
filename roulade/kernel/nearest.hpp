// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/kernel/columns.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace roulade {

/// Squared distance from each row of x to its k-th nearest other row, in float.   x: [n, d]; 1 <= k < n (the caller
/// checks). Equal rows are neighbours at distance 0; only the row itself is left out. Result: [n].
std::vector<float> neighbour_radii(const Columns& x, int64_t k);

/// Squared distance from each row of x to the k-th nearest row of y, in float.   x: [n, d], y: [m, d]; 1 <= k <= m.
std::vector<float> neighbour_radii(const Columns& x, const Columns& y, int64_t k);

/// Number of rows i of x with |x_i - y_j|^2 <= radii[j] for at least one j.   x: [n, d], y: [m, d], radii: [m].
int64_t count_covered(const Columns& x, const Columns& y, std::span<const float> radii);

/// For each row i of x the number of rows j of y with |x_i - y_j|^2 <= radii[i].   x: [n, d], y: [m, d], radii: [n].
std::vector<int64_t> count_within(const Columns& x, std::span<const float> radii, const Columns& y);

/// The expressions that these must equal, in double.   x: [n, width], y: [m, width], row after row.
std::vector<double> neighbour_radii_plain(const float* x, int64_t n, int64_t width, int64_t k);
std::vector<double> neighbour_radii_plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width,
                                          int64_t k);
int64_t count_covered_plain(const float* x, int64_t n, const float* y, int64_t m, int64_t width,
                            std::span<const double> radii);
std::vector<int64_t> count_within_plain(const float* x, int64_t n, std::span<const double> radii, const float* y,
                                        int64_t m, int64_t width);

}  // namespace roulade
