// SPDX-License-Identifier: Apache-2.0
// What cases need that run LibTorch's work beside our own.
#pragma once

#include "roulade/core/tensor.hpp"

#include <chrono>
#include <cmath>

#include <ATen/TensorOperators.h>

namespace roulade::bench {

template <class Body>
double seconds_of(const Body& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Beside the largest value expected; infinite where anything is not finite.
inline double largest_difference(const Tensor& got, const Tensor& expected) {
  const double out = ((got - expected).abs().max() / expected.abs().max()).item<double>();
  return std::isfinite(out) ? out : INFINITY;
}

}  // namespace roulade::bench
