// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/kernel/columns.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace roulade {

/// Sliced Wasserstein-1 distance of each set from one reference: the mean over directions u of
/// 1/n sum_i |sort(X u)_i - sort(R u)_i|. The reference is projected and sorted once for all sets.
/// sets: each [n, d] like the reference, finite; directions: [count, d], row after row, unit length.
/// Projections are float, sums double in a fixed order: within 1e-6 times the largest |value| of the plain expression.
/// Source: Bonneel et al. 2015, "Sliced and Radon Wasserstein barycenters of measures" (here with p = 1).
std::vector<double> sliced_wasserstein(std::span<const Columns> sets, const Columns& reference,
                                       std::span<const float> directions);

/// The expression that it must equal, in double.   x, y: [n, width], row after row.
double sliced_wasserstein_plain(const float* x, const float* y, int64_t n, int64_t width,
                                std::span<const float> directions);

}  // namespace roulade
