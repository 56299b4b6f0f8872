// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/data/points.hpp"

#include <span>
#include <vector>

namespace roulade {

/// E[x_0 | x_t] if the data were the training points y_i and nothing else, the full sum over them:
/// sum_i r_i y_i,  r_i ~ N(x_t; alpha y_i, sigma^2 I),  sum r_i = 1; the nearest point where sigma = 0.
/// x_t: [n, width]; alpha, sigma: [n]; labels: [n], each as in training, or empty: a row then sees all points, and so
/// does one whose label is below 0. Result: [n, width] float. Throws Error(usage) without a point to look at.
/// Source: Karras et al. 2022, eq. 57 (the ideal denoiser of a finite data set).
Tensor memorised_x0(const Points& training, const Tensor& x_t, std::span<const double> alpha,
                    std::span<const double> sigma, const std::vector<int64_t>& labels);

}  // namespace roulade
