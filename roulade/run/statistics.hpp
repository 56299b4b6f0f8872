// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace roulade {

/// A mean and its standard error.
struct Mean {
  double value = 0;
  double error = 0;  ///< NaN where fewer than two values were given: one value says nothing of its spread
};

/// value = sum_i x_i / n, error = sqrt(sum_i (x_i - value)^2 / (n - 1) / n).   values: [n], independent; without any
/// the value is 0.
Mean mean_of(const std::vector<double>& values);

/// The same of a[i] - b[i]: what the pairs share drops out.   a, b: [n].
Mean mean_difference(const std::vector<double>& a, const std::vector<double>& b);

/// The middle value, or the mean of the two in the middle.   values: at least one.
double median_of(std::vector<double> values);

}  // namespace roulade
