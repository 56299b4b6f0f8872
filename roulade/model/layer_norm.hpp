// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/linear.hpp"

#include <string>

namespace roulade {

/// (x - mean) / sqrt(variance + eps) * weight + bias, mean and variance over the last axis.   x: [..., width].
/// Source: Ba et al. 2016, eq. 3 and 4.
struct LayerNorm {
  Weight weight, bias;
  double eps = 1e-5;

  LayerNorm() = default;
  LayerNorm(Initialiser& init, int64_t width, double eps);  ///< weight 1, bias 0
  Tensor forward(const Tensor& x) const;
  void list(NamedWeights& to, const std::string& prefix) const;
};

}  // namespace roulade
