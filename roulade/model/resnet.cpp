// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/resnet.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/training_pass.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/mish.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>

namespace roulade {

Activation2d activation_of(const std::string& name) {
  if (name == "silu" || name == "swish") return Activation2d::silu;
  if (name == "gelu") return Activation2d::gelu;
  if (name == "mish") return Activation2d::mish;
  if (name == "relu") return Activation2d::relu;
  fail_unknown("model", "act_fn", name, {"silu", "swish", "gelu", "mish", "relu"});
}

Tensor activate(const Tensor& x, Activation2d how) {
  switch (how) {
    case Activation2d::gelu:
      return at::gelu(x);
    case Activation2d::mish:
      return at::mish(x);
    case Activation2d::relu:
      return at::relu(x);
    default:
      return at::silu(x);
  }
}

ResnetBlock::ResnetBlock(Initialiser& init, const Shape& shape, const std::string& where) : shape_(shape) {
  const int64_t groups_out = shape.groups_out > 0 ? shape.groups_out : shape.groups;
  norm1_ = GroupNorm(init, shape.groups, shape.in, shape.eps, where + ".norm1");
  conv1_ = Conv2d(init, shape.in, shape.out, 3, 1, 1);
  if (shape.embedding > 0) time_emb_proj_ = Linear(init, shape.embedding, (shape.scale_shift ? 2 : 1) * shape.out);
  norm2_ = GroupNorm(init, groups_out, shape.out, shape.eps, where + ".norm2");
  conv2_ = Conv2d(init, shape.out, shape.out, 3, 1, 1, true);
  if (shape.in != shape.out || shape.shortcut) conv_shortcut_ = Conv2d(init, shape.in, shape.out, 1, 1, 0);
}

Tensor ResnetBlock::forward(const Tensor& x, const Tensor& embedding) const {
  const Activation2d act = shape_.activation;
  Tensor shift, factor, summand;
  if (time_emb_proj_) {
    const Tensor told = time_emb_proj_->forward(activate(embedding, act));
    if (shape_.scale_shift) {
      const std::vector<Tensor> parts = told.chunk(2, 1);
      factor = 1 + parts[0];
      summand = parts[1];
    } else {
      shift = told;
    }
  }
  const Tensor kept = twice(halve(x, shape_.down), shape_.up);
  const Tensor base = conv_shortcut_ ? conv_shortcut_->forward(kept) : kept;
  const bool doubled = shape_.up == Resample::plain;
  Tensor h;
  if (act != Activation2d::silu || shape_.down != Resample::none || shape_.up == Resample::fir) {
    h = act == Activation2d::silu ? norm1_.activated(x) : activate(norm1_.forward(x), act);
    h = conv1_.forward(twice(halve(h, shape_.down), shape_.up), {.shift = shift});
  } else {
    h = conv1_.forward(x, {.norm = &norm1_, .doubled = doubled, .shift = shift});
  }
  const bool drops = shape_.dropout > 0 && TrainingPass::current() != nullptr;
  if (act == Activation2d::silu && !drops) {
    h = conv2_.forward(h, {.norm = &norm2_, .factor = factor, .summand = summand, .residual = base});
  } else if (act == Activation2d::silu) {
    h = conv2_.forward(dropout(norm2_.activated(h, factor, summand), shape_.dropout), {.residual = base});
  } else {
    h = norm2_.forward(h);
    if (factor.defined()) h = h * factor.unsqueeze(2).unsqueeze(3) + summand.unsqueeze(2).unsqueeze(3);
    h = conv2_.forward(dropout(activate(h, act), shape_.dropout), {.residual = base});
  }
  return shape_.scale == 1 ? h : h / shape_.scale;
}

void ResnetBlock::list(NamedWeights& to, const std::string& prefix) const {
  norm1_.list(to, prefix + ".norm1");
  conv1_.list(to, prefix + ".conv1");
  if (time_emb_proj_) time_emb_proj_->list(to, prefix + ".time_emb_proj");
  norm2_.list(to, prefix + ".norm2");
  conv2_.list(to, prefix + ".conv2");
  if (conv_shortcut_) conv_shortcut_->list(to, prefix + ".conv_shortcut");
}

}  // namespace roulade
