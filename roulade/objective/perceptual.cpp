// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/perceptual.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

#include <ATen/TensorOperators.h>
#include <ATen/ops/square.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr double kEps = 1e-8;  // beside lengths of about 1: where all channels are 0 the direction is 0

/// -1 to 1 as EfficientNet-lite0 takes pictures.
Tensor seen(const Tensor& x) {
  return (((x.to(at::kFloat) + 1) * 127.5 - 127) / 128).expand({x.size(0), 3, x.size(2), x.size(3)});
}

Tensor direction(const Tensor& h) { return h / (at::square(h).sum({1}, true) + kEps).sqrt(); }

}  // namespace

Tensor Perceptual::distance(const Tensor& x, const Tensor& y) const {
  if (x.dim() != 4 || (x.size(1) != 1 && x.size(1) != 3) || std::min(x.size(2), x.size(3)) < kLeastSide)
    fail(Code::usage, "perceptual distance", "pictures",
         fmt::format("1 or 3 channels, {} pixels a side at least", kLeastSide), fmt::format("{}", x.sizes().vec()));
  if (x.sizes() != y.sizes())
    fail(Code::usage, "perceptual distance", "pictures", fmt::format("shape {}", x.sizes().vec()),
         fmt::format("{}", y.sizes().vec()));
  const std::vector<Tensor> of_x = network_.states(seen(x)), of_y = network_.states(seen(y));
  Tensor sum;
  for (size_t i = 0; i < of_x.size(); ++i) {
    const Tensor term = at::square(direction(of_x[i]) - direction(of_y[i])).sum({1}).mean();
    sum = sum.defined() ? sum + term : term;
  }
  return sum;
}

}  // namespace roulade
