// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <vector>

namespace roulade {

/// A linear map from features of pictures to vectors of texts.
struct RidgeMap {
  Tensor weights;             ///< W, float64 [F, D]
  Tensor feature_mean;        ///< m_x, float64 [F]
  Tensor text_mean;           ///< m_y, float64 [D]
  double strength = 0;        ///< lambda, as it was chosen
  double left_out_error = 0;  ///< mean square over rows and columns of y - y', y' by a map that has not seen the row

  /// (x - m_x) W + m_y.   features: [n, F]; result: float64 [n, D]. Throws Error(usage) for other shapes.
  Tensor apply(const Tensor& features) const;
};

/// W = argmin |Y - X W|^2 + lambda |W|^2 of centred rows, in double, for the lambda of the least error on rows left out
/// one by one: with the hat matrix H of a lambda (means included) that error of row i is (y_i - y'_i) / (1 - H_ii),
/// exactly, without fitting again.
/// features: X, [N, F], texts: Y, [N, D], N >= 2, finite. strengths: lambdas to choose from, > 0; empty = 10^(-k/2)
/// times the largest eigenvalue of X'X, k = 0 to 16. Throws Error(usage) for other shapes and strengths,
/// Error(numeric) for numbers that are not finite or features that are all alike.
/// Source: Hoerl and Kennard 1970, eq. 2.1; the rows left out: Allen 1974 (PRESS).
RidgeMap fit_ridge(const Tensor& features, const Tensor& texts, std::vector<double> strengths = {});

}  // namespace roulade
