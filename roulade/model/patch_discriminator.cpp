// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/patch_discriminator.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

#include <ATen/ops/leaky_relu.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr auto kWhere = "patch discriminator";
constexpr int64_t kKernel = 4, kPadding = 1, kGroups = 8, kWidest = 8;
constexpr double kSlope = 0.2, kDeviation = 0.02;

Conv2d drawn(Initialiser& init, int64_t in, int64_t out, int64_t stride) {
  Conv2d conv;
  conv.weight = init.normal({out, in, kKernel, kKernel}, kDeviation);
  conv.bias = init.zeros({out});
  conv.stride = stride;
  conv.padding = kPadding;
  return conv;
}

}  // namespace

PatchDiscriminator::PatchDiscriminator(int64_t channels, int64_t width, int64_t layers, uint64_t seed) {
  if (channels < 1) fail(Code::usage, kWhere, "channels", "at least 1", fmt::format("{}", channels));
  if (layers < 1) fail(Code::usage, kWhere, "layers", "at least 1", fmt::format("{}", layers));
  if (width < 1 || width % kGroups != 0)
    fail(Code::usage, kWhere, "width", fmt::format("a multiple of {}", kGroups), fmt::format("{}", width));
  Initialiser init(seed);
  int64_t in = channels, factor = 1;
  for (int64_t i = 0; i <= layers; ++i) {
    const int64_t out = width * factor;
    layers_.push_back({drawn(init, in, out, i < layers ? 2 : 1), {}});
    if (i > 0) layers_.back().norm = GroupNorm(init, kGroups, out, 1e-5, kWhere);
    in = out;
    factor = std::min(2 * factor, kWidest);
  }
  last_ = drawn(init, in, 1, 1);
}

int64_t PatchDiscriminator::least_side() const {
  int64_t side = 1;
  for (size_t i = 0; i <= layers_.size(); ++i) {
    const int64_t stride = i == 0 ? 1 : layers_[layers_.size() - i].conv.stride;
    side = (side - 1) * stride + kKernel - 2 * kPadding;
  }
  return side;
}

Tensor PatchDiscriminator::forward(const Tensor& x) const {
  if (x.dim() != 4 || std::min(x.size(2), x.size(3)) < least_side())
    fail(Code::usage, kWhere, "pictures", fmt::format("at least {} pixels a side", least_side()),
         fmt::format("[{}]", fmt::join(x.sizes(), ", ")));
  Tensor h = in_kernel_order(x);
  for (const Layer& layer : layers_) {
    h = layer.conv.forward(h);
    if (layer.norm.weight.defined()) h = layer.norm.forward(h);
    h = at::leaky_relu(h, kSlope);
  }
  return last_.forward(h);
}

NamedWeights PatchDiscriminator::parameters() const {
  NamedWeights out;
  for (size_t i = 0; i < layers_.size(); ++i) {
    layers_[i].conv.list(out, fmt::format("layers.{}.conv", i));
    if (layers_[i].norm.weight.defined()) layers_[i].norm.list(out, fmt::format("layers.{}.norm", i));
  }
  last_.list(out, "last");
  return out;
}

}  // namespace roulade
