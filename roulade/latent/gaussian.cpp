// SPDX-License-Identifier: Apache-2.0
#include "roulade/latent/gaussian.hpp"

#include "roulade/core/error.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/square.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr double kLowest = -30, kHighest = 20;  // diffusers'

}  // namespace

LatentGaussian LatentGaussian::of(const Tensor& moments) {
  if (moments.dim() != 4 || moments.size(1) % 2 != 0)
    fail(Code::usage, "latent", "moments", "[B, 2 channels, h, w]", fmt::format("{}", moments.sizes().vec()));
  const int64_t channels = moments.size(1) / 2;
  return {moments.narrow(1, 0, channels), at::clamp(moments.narrow(1, channels, channels), kLowest, kHighest)};
}

Tensor LatentGaussian::sample(const Tensor& noise) const {
  if (noise.sizes() != mean.sizes())
    fail(Code::usage, "latent", "noise", fmt::format("{}", mean.sizes().vec()), fmt::format("{}", noise.sizes().vec()));
  return mean + at::exp(0.5 * log_variance) * noise;
}

Tensor LatentGaussian::kl() const {
  return 0.5 * (at::square(mean) + at::exp(log_variance) - 1 - log_variance).flatten(1).sum(1);
}

}  // namespace roulade
