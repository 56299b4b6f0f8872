// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/resample.hpp"

#include <array>

#include <ATen/TensorOperators.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_nearest2d.h>

namespace roulade {
namespace {

/// The filter of each channel by itself, its sum `gain`.   [C, 1, 4, 4]
Tensor binomial(const Tensor& like, double gain) {
  const Tensor row = at::tensor({1.0, 3.0, 3.0, 1.0}, like.options()) / 8;
  return at::outer(row, row).mul_(gain).expand({like.size(1), 1, 4, 4});
}

}  // namespace

Tensor halve(const Tensor& x, Resample how) {
  if (how == Resample::none) return x;
  if (how == Resample::plain) return at::avg_pool2d(x, {2, 2}, {2, 2});
  return at::conv2d(x, binomial(x, 1), {}, 2, 1, 1, x.size(1));
}

Tensor twice(const Tensor& x, Resample how) {
  if (how == Resample::none) return x;
  if (how == Resample::plain) return enlarge(x, 2 * x.size(2), 2 * x.size(3));
  // Zeros between the places, then the filter with four times the gain.
  return at::conv_transpose2d(x, binomial(x, 4), {}, 2, 1, 0, x.size(1));
}

Tensor enlarge(const Tensor& x, int64_t height, int64_t width) {
  return at::upsample_nearest2d(x, std::array{height, width});
}

}  // namespace roulade
