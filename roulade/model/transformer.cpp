// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/transformer.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/training_pass.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr double kGroupNormEps = 1e-6, kLayerNormEps = 1e-5;  // fixed in diffusers, too

Attention::Shape attention_shape(const TransformerShape& shape, bool cross) {
  const int64_t head = shape.channels / shape.heads;
  return {.width = shape.heads * head,
          .context = cross ? shape.context : 0,
          .heads = shape.heads,
          .head_width = head,
          .bias = false};
}

}  // namespace

Tensor GatedFeedForward::forward(const Tensor& x) const {
  const std::vector<Tensor> halves = in.forward(x).chunk(2, -1);
  return out.forward(halves[0] * at::gelu(halves[1]));
}

void GatedFeedForward::list(NamedWeights& to, const std::string& prefix) const {
  in.list(to, prefix + ".net.0.proj");
  out.list(to, prefix + ".net.2");
}

TransformerBlock::TransformerBlock(Initialiser& init, const TransformerShape& shape) : only_cross_(shape.only_cross) {
  const Attention::Shape first = attention_shape(shape, shape.only_cross);
  norm1_ = LayerNorm(init, first.width, kLayerNormEps);
  attn1_ = Attention(init, first);
  norm2_ = LayerNorm(init, first.width, kLayerNormEps);
  attn2_ = Attention(init, attention_shape(shape, true));
  norm3_ = LayerNorm(init, first.width, kLayerNormEps);
  ff_ = GatedFeedForward(init, first.width);
}

Tensor TransformerBlock::forward(const Tensor& x, const Prompt& prompt) const {
  const Tensor normal = norm1_.forward(x);
  Tensor h = x + (only_cross_ ? attn1_.forward(normal, prompt, false) : attn1_.forward(normal));
  h = h + attn2_.forward(norm2_.forward(h), prompt);
  return h + ff_.forward(norm3_.forward(h));
}

void TransformerBlock::list(NamedWeights& to, const std::string& prefix) const {
  norm1_.list(to, prefix + ".norm1");
  attn1_.list(to, prefix + ".attn1");
  norm2_.list(to, prefix + ".norm2");
  attn2_.list(to, prefix + ".attn2");
  norm3_.list(to, prefix + ".norm3");
  ff_.list(to, prefix + ".ff");
}

PictureTransformer::PictureTransformer(Initialiser& init, const TransformerShape& shape, const std::string& where) {
  if (shape.heads < 1 || shape.heads > shape.channels)
    fail(Code::usage, "model " + where, "heads of its attention (attention_head_dim or num_attention_heads)",
         fmt::format("1 to {}, the channels", shape.channels), fmt::format("{}", shape.heads));
  norm_ = GroupNorm(init, shape.groups, shape.channels, kGroupNormEps, where + ".norm");
  const int64_t width = attention_shape(shape, false).width;
  if (shape.linear)
    in_ = Linear(init, shape.channels, width);
  else
    in_ = Conv2d(init, shape.channels, width, 1, 1, 0);
  for (int64_t i = 0; i < shape.layers; ++i) blocks_.emplace_back(init, shape);
  if (shape.linear)
    out_ = Linear(init, width, shape.channels, true);
  else
    out_ = Conv2d(init, width, shape.channels, 1, 1, 0, true);
}

Tensor PictureTransformer::forward(const Tensor& x, const Prompt& prompt, bool again) const {
  const int64_t batch = x.size(0), places = x.size(2) * x.size(3);
  const auto row = [&](const Tensor& picture) {  // [B, C, H, W] to [B, H W, C]
    return picture.permute({0, 2, 3, 1}).reshape({batch, places, picture.size(1)});
  };
  const auto picture = [&](const Tensor& h) {
    return h.view({batch, x.size(2), x.size(3), h.size(2)}).permute({0, 3, 1, 2});
  };
  Tensor h = norm_.forward(x);
  if (const auto* layer = std::get_if<Linear>(&in_))
    h = layer->forward(row(h));
  else
    h = row(std::get<Conv2d>(in_).forward(h));
  for (const TransformerBlock& block : blocks_) {
    const Recomputed body = [&block, bias = prompt.bias, kept = prompt.kept](const Tensor& in, const Tensor& tokens,
                                                                             const Tensor&) {
      return block.forward(in, {tokens, bias, kept});
    };
    h = again ? recompute(body, h, prompt.tokens) : block.forward(h, prompt);
  }
  if (const auto* layer = std::get_if<Linear>(&out_)) return picture(layer->forward(h)) + x;
  return std::get<Conv2d>(out_).forward(picture(h), {.residual = x});
}

void PictureTransformer::list(NamedWeights& to, const std::string& prefix) const {
  const auto projection = [&](const auto& layer, const char* name) {
    std::visit([&](const auto& one) { one.list(to, prefix + name); }, layer);
  };
  norm_.list(to, prefix + ".norm");
  projection(in_, ".proj_in");
  for (size_t i = 0; i < blocks_.size(); ++i) blocks_[i].list(to, fmt::format("{}.transformer_blocks.{}", prefix, i));
  projection(out_, ".proj_out");
}

}  // namespace roulade
