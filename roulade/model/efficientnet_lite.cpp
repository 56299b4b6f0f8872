// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/efficientnet_lite.hpp"

#include "roulade/model/linear_product.hpp"

#include <algorithm>

#include <ATen/ops/clamp.h>
#include <ATen/ops/constant_pad_nd.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr double kEps = 1e-3;

/// Blocks of one kind: the first has the stride and takes `in` channels, those behind it stride 1 and `out`.
struct Stage {
  int64_t blocks, kernel, stride, expansion, in, out;
};
constexpr Stage kStages[] = {{1, 3, 1, 1, 32, 16},  {2, 3, 2, 6, 16, 24},   {2, 5, 2, 6, 24, 40},  {3, 3, 2, 6, 40, 80},
                             {3, 5, 1, 6, 80, 112}, {4, 5, 2, 6, 112, 192}, {1, 3, 1, 6, 192, 320}};

/// SAME padding and the convolution. Where both halves are equal, the convolution pads by itself.
Tensor same(FoldedConv conv, const Tensor& x) {
  int64_t before[2], after[2];
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t size = x.size(2 + axis), kernel = conv.weight.size(2 + axis);
    const int64_t steps = (size + conv.stride - 1) / conv.stride;
    const int64_t padding = std::max<int64_t>(0, (steps - 1) * conv.stride + kernel - size);
    before[axis] = padding / 2;
    after[axis] = padding - before[axis];
  }
  if (before[0] == after[0] && before[1] == after[1]) {
    conv.padding = {before[0], before[1]};
    return conv.forward(x);
  }
  return conv.forward(at::constant_pad_nd(x, {before[1], after[1], before[0], after[0]}, 0));
}

Tensor relu6(Tensor x) { return at::clamp_(x, 0, 6); }

}  // namespace

EfficientNetLite0::EfficientNetLite0(const NamedTensors& weights) {
  stem_ = FoldedConv(weights, "_conv_stem", "_bn0", {32, 3, 3, 3}, kEps);
  stem_.stride = 2;
  for (const Stage& stage : kStages) {
    for (int64_t i = 0; i < stage.blocks; ++i) {
      const std::string name = fmt::format("_blocks.{}.", blocks_.size());
      const int64_t in = i == 0 ? stage.in : stage.out, wide = in * stage.expansion, k = stage.kernel;
      Block block;
      if (stage.expansion > 1)
        block.expand = FoldedConv(weights, name + "_expand_conv", name + "_bn0", {wide, in, 1, 1}, kEps);
      block.depthwise = FoldedConv(weights, name + "_depthwise_conv", name + "_bn1", {wide, 1, k, k}, kEps);
      block.depthwise.groups = wide;
      block.depthwise.stride = i == 0 ? stage.stride : 1;
      block.project = FoldedConv(weights, name + "_project_conv", name + "_bn2", {stage.out, wide, 1, 1}, kEps);
      block.residual = block.depthwise.stride == 1 && in == stage.out;
      blocks_.push_back(std::move(block));
    }
  }
  head_ = FoldedConv(weights, "_conv_head", "_bn1", {kWidth, kStages[6].out, 1, 1}, kEps);
  fc_weight_ = weights.at("_fc.weight", {kClasses, kWidth}).to(at::kFloat).contiguous();
  fc_bias_ = weights.at("_fc.bias", {kClasses}).to(at::kFloat).contiguous();
}

Tensor EfficientNetLite0::blocks(const Tensor& x, const std::function<void(size_t, const Tensor&)>& seen) const {
  Tensor h = relu6(same(stem_, x.contiguous(at::MemoryFormat::ChannelsLast)));
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    Tensor inner = block.expand.weight.defined() ? relu6(block.expand.forward(h)) : h;
    inner = block.project.forward(relu6(same(block.depthwise, inner)));
    h = block.residual ? inner.add_(h) : inner;
    if (seen) seen(i, h);
  }
  return h;
}

Tensor EfficientNetLite0::features(const Tensor& x) const { return relu6(head_.forward(blocks(x, {}))).mean({2, 3}); }

std::vector<Tensor> EfficientNetLite0::states(const Tensor& x) const {
  std::vector<Tensor> out;
  blocks(x, [&](size_t i, const Tensor& h) {
    if (i + 1 == blocks_.size() || blocks_[i + 1].depthwise.stride == 2) out.push_back(h);
  });
  return out;
}

Tensor EfficientNetLite0::logits(const Tensor& features) const {
  return linear_product(features, fc_weight_, fc_bias_);
}

}  // namespace roulade
