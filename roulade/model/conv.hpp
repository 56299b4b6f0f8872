// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/linear.hpp"

#include <memory>

namespace roulade {

class TransformedWeights;

/// (x - mean) / sqrt(variance + eps) * weight + bias, mean and variance over a group of channels and all places.
/// x: [B, channels, ...]. Source: Wu and He 2018, eq. 1 to 6.
struct GroupNorm {
  Weight weight, bias;
  int64_t groups = 1;
  double eps = 1e-5;

  GroupNorm() = default;
  /// Weight 1, bias 0. Throws Error(usage) unless the groups divide the channels; `where` names the layer.
  GroupNorm(Initialiser& init, int64_t groups, int64_t channels, double eps, const std::string& where);
  Tensor forward(const Tensor& x) const;
  /// silu(forward(x) factor + summand); factor, summand: [B, channels], or undefined.
  Tensor activated(const Tensor& x, const Tensor& factor = {}, const Tensor& summand = {}) const;
  void list(NamedWeights& to, const std::string& prefix) const;
};

/// x as the kernels for pictures take it (channels side by side) where they do: float32 on a CPU, unless set_exact()
/// asks for sums as they are written.
Tensor in_kernel_order(const Tensor& x);

/// What is done to the input of a convolution, and added to its answer. By way of the kernels none of it is written to
/// memory.
struct ConvExtras {
  const GroupNorm* norm = nullptr;  ///< convolved is norm->activated(x, factor, summand), not x
  Tensor factor{}, summand{};       ///< [B, in], or undefined
  bool doubled = false;             ///< convolved is that in twice the size, each place four times
  Tensor shift{};                   ///< [B, out], or undefined
  Tensor residual{};                ///< as the answer, or undefined
};

/// A convolution over two axes. In float32 on a CPU, 3x3 ones of stride 1 go by Winograd's method
/// (kernel/winograd.hpp) where that is faster (conv_choices.hpp), their gradients too, to 1e-4 of the largest value,
/// unless set_exact() forbids it.   x: [B, in, H, W]; weight: [out, in, k, k]; bias: [out]; y: [B, out, H', W'] with
/// H' = (H + 2 padding - k) / stride + 1.
struct Conv2d {
  Weight weight, bias;
  int64_t stride = 1, padding = 0;

  Conv2d() = default;
  /// Both drawn from U(-1/sqrt(in k^2), 1/sqrt(in k^2)), PyTorch's default; `zero` starts at 0 instead.
  Conv2d(Initialiser& init, int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding,
         bool zero = false);
  Tensor forward(const Tensor& x, const ConvExtras& extras = {}) const;
  void list(NamedWeights& to, const std::string& prefix) const;

 private:
  bool takes_winograd(const Tensor& x, const ConvExtras& extras) const;
  Tensor direct(const Tensor& x, const Tensor& w, const Tensor& b, const ConvExtras& extras) const;
  std::shared_ptr<TransformedWeights> transformed_;  ///< the weights as Winograd's method takes them, once needed
};

}  // namespace roulade
