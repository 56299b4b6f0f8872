// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace roulade {

/// A trained network's tensors by name, and the file that they come from, which errors name.
struct NamedTensors {
  std::map<std::string, Tensor> tensors;
  std::string where;

  /// Throws Error(input) when it is missing, not of floating-point numbers, or of another shape.
  const Tensor& at(const std::string& name, at::IntArrayRef shape) const;
};

/// A convolution without bias and the batch normalisation behind it, for inference one convolution:
///   y = conv(x, w gamma / sqrt(var + eps)) + beta - mean gamma / sqrt(var + eps).
/// The product is made in double. x: float [n, in, H, W], channels last.
struct FoldedConv {
  Tensor weight;  ///< float [out, in / groups, kh, kw], channels last
  Tensor bias;    ///< float [out]
  int64_t stride = 1, groups = 1;
  std::array<int64_t, 2> padding{};  ///< above and below, left and right

  FoldedConv() = default;
  /// Of the tensors conv.weight, norm.weight, norm.bias, norm.running_mean and norm.running_var. `shape` is the
  /// weight's; the padding is 0.
  FoldedConv(const NamedTensors& from, const std::string& conv, const std::string& norm,
             const std::array<int64_t, 4>& shape, double eps);
  Tensor forward(const Tensor& x) const;
};

}  // namespace roulade
