// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/points.hpp"

#include <vector>

namespace roulade {

/// A mixture of isotropic Gaussians, sum_k weights[k] N(means[k], deviations[k]^2 I): the exact law of
/// gaussian_mixture.
struct Mixture {
  std::vector<double> weights;             ///< [K], their sum is 1
  std::vector<std::vector<double>> means;  ///< [K][width]
  std::vector<double> deviations;          ///< [K]
};

/// The law of data "gaussian_mixture" with these options, in the data's own units. Throws Error(usage).
Mixture gaussian_mixture_law(const Table& options = {});

/// The law of the scaled points. Throws Error(usage) unless the scaling has one deviation for all columns.
Mixture apply(const Scaling& scaling, const Mixture& mixture);

}  // namespace roulade
