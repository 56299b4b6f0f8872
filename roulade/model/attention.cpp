// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/attention.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/kernel/attention.hpp"
#include "roulade/model/attention_watch.hpp"
#include "roulade/model/prompt.hpp"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace roulade {
namespace {

/// [B, L, heads d] to [B, heads, L, d].
Tensor split(const Tensor& x, int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// By operations of LibTorch that have gradients of any order. bias: [B, M] or undefined; samples whose keys all are at
/// -infinity have no answer but 0.
Tensor attend_plainly(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads, double scale,
                      const Tensor& bias) {
  Tensor scores = at::matmul(split(q, heads), split(k, heads).transpose(2, 3)) * scale;
  Tensor some;
  if (bias.defined()) {
    some = (bias > -INFINITY).any(1, true);
    scores = scores + bias.masked_fill(some.logical_not(), 0).view({bias.size(0), 1, 1, bias.size(1)});
  }
  const Tensor out = at::matmul(at::softmax(scores, 3), split(v, heads)).transpose(1, 2).reshape(q.sizes());
  return some.defined() ? out * some.unsqueeze(2) : out;
}

kernel::AttentionShape shape_of(const Tensor& q, const Tensor& k, int64_t heads, double scale) {
  return {q.size(0), q.size(1), k.size(1), heads, q.size(2) / heads, static_cast<float>(scale)};
}

const float* floats(const Tensor& t) { return t.defined() ? t.const_data_ptr<float>() : nullptr; }

/// bias: [B, M] or undefined.
class AttentionFunction : public torch::autograd::Function<AttentionFunction> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& q, const Tensor& k, const Tensor& v,
                        const std::optional<Tensor>& bias, int64_t heads, double scale) {
    const Tensor sums = at::empty({q.size(0), heads, q.size(1)}, at::kFloat), out = at::empty(q.sizes(), at::kFloat);
    const Tensor q_ = q.contiguous(), k_ = k.contiguous(), v_ = v.contiguous(), added = bias ? *bias : Tensor();
    kernel::attention(shape_of(q, k, heads, scale), floats(q_), floats(k_), floats(v_), floats(added),
                      out.data_ptr<float>(), sums.data_ptr<float>());
    ctx->save_for_backward({q, k, v, added, out, sums});
    ctx->saved_data["heads"] = heads;
    ctx->saved_data["scale"] = scale;
    return out;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& by) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &v = saved[2], &bias = saved[3];
    const int64_t heads = ctx->saved_data["heads"].toInt();
    const double scale = ctx->saved_data["scale"].toDouble();
    variable_list out(6);
    if (!by[0].defined()) return out;
    if (at::GradMode::is_enabled()) {  // gradients of these gradients are asked for
      variable_list roles, asked;      // views, since one tensor may have several roles, or one be made of another
      for (size_t i = 0; i < 3; ++i) roles.push_back(saved[i].view_as(saved[i]));
      for (const Tensor& role : roles)
        if (role.requires_grad()) asked.push_back(role);
      const Tensor answer = attend_plainly(roles[0], roles[1], roles[2], heads, scale, bias);
      const variable_list got = torch::autograd::grad({answer}, asked, {by[0]}, true, true);
      size_t next = 0;
      for (size_t i = 0; i < 3; ++i)
        if (roles[i].requires_grad()) out[i] = got[next++];
      return out;
    }
    const Tensor q_ = q.contiguous(), k_ = k.contiguous(), v_ = v.contiguous(), dy = by[0].contiguous();
    for (size_t i = 0; i < 3; ++i) out[i] = at::empty(saved[i].sizes(), at::kFloat);
    kernel::attention_gradient(shape_of(q, k, heads, scale), floats(q_), floats(k_), floats(v_), floats(bias),
                               {floats(saved[4]), floats(saved[5]), floats(dy)},
                               {out[0].data_ptr<float>(), out[1].data_ptr<float>(), out[2].data_ptr<float>()});
    return out;
  }
};

/// The rule as the kernel takes it, where it does.
struct KernelRule {
  bool taken = false;
  Tensor bias;  // [B, M] or undefined
};
KernelRule kernel_rule(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads, const AttentionRule& rule) {
  for (const Tensor* t : {&q, &k, &v})
    if (t->scalar_type() != at::kFloat || !t->device().is_cpu() || t->numel() == 0) return {};
  if (exact() || rule.causal || q.dim() != 3 || k.dim() != 3 || k.sizes() != v.sizes()) return {};
  if (q.size(0) != k.size(0) || q.size(2) != k.size(2) || q.size(2) % heads != 0) return {};
  if (!rule.bias) return {true, {}};
  const Tensor& b = *rule.bias;
  if (b.dim() != 4 || b.size(1) != 1 || b.size(2) != 1 || b.size(3) != k.size(1) || b.requires_grad()) return {};
  if (b.size(0) != 1 && b.size(0) != q.size(0)) return {};
  const Tensor rows = b.reshape({b.size(0), b.size(3)}).expand({q.size(0), b.size(3)});
  if (b.scalar_type() == at::kBool)
    return {true, at::zeros(rows.sizes(), at::kFloat).masked_fill_(rows.logical_not(), -INFINITY)};
  if (b.scalar_type() != at::kFloat) return {};
  return {true, rows.contiguous()};
}

/// softmax(Q K^T / sqrt(d) + bias), mean over the heads: [B, L, M].
Tensor shares(const Tensor& q, const Tensor& k, int64_t heads, const std::optional<Tensor>& bias) {
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(2) / heads));
  Tensor scores = at::matmul(split(q, heads), split(k, heads).transpose(2, 3)) * scale;
  if (bias) scores = scores + *bias;
  return at::softmax(scores, 3).mean(1);
}

}  // namespace

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads, const AttentionRule& rule) {
  if (const KernelRule ours = kernel_rule(q, k, v, heads, rule); ours.taken) {
    const double scale = rule.scale.value_or(1 / std::sqrt(static_cast<double>(q.size(2) / heads)));
    std::optional<Tensor> bias;
    if (ours.bias.defined()) bias = ours.bias;
    return AttentionFunction::apply(q, k, v, bias, heads, scale);
  }
  const Tensor mixed = at::scaled_dot_product_attention(split(q, heads), split(k, heads), split(v, heads), rule.bias, 0,
                                                        rule.causal, rule.scale);
  return mixed.transpose(1, 2).reshape(q.sizes());
}

Attention::Attention(Initialiser& init, const Shape& shape, bool zero) : heads(shape.heads) {
  const int64_t inner = shape.heads * shape.head_width, context = shape.context > 0 ? shape.context : shape.width;
  to_q = Linear(init, shape.width, inner);
  to_k = Linear(init, context, inner);
  to_v = Linear(init, context, inner);
  if (!shape.bias) to_q.bias = to_k.bias = to_v.bias = Weight();
  to_out = Linear(init, inner, shape.width, zero);
}

Tensor Attention::forward(const Tensor& x, const Tensor* context, const Tensor* mask) const {
  const Tensor& from = context != nullptr ? *context : x;
  std::optional<Tensor> counts;
  if (mask != nullptr) counts = mask->view({mask->size(0), 1, 1, mask->size(1)});
  return to_out.forward(attend(to_q.forward(x), to_k.forward(from), to_v.forward(from), heads, {.bias = counts}));
}

Tensor Attention::forward(const Tensor& x, const Prompt& prompt, bool masked) const {
  const auto still = [](const Weight& w) { return !w.defined() || (w.bare() && !w.stored().requires_grad()); };
  const auto frozen = [&](const Linear& layer) { return still(layer.weight) && still(layer.bias); };
  const bool keeps = prompt.kept && !at::GradMode::is_enabled() && frozen(to_k) && frozen(to_v) &&
                     prompt.tokens.scalar_type() == at::kFloat;
  const KeptProjections::Pair made =
      keeps ? prompt.kept->of(to_k, to_v, prompt.tokens)
            : KeptProjections::Pair{to_k.forward(prompt.tokens), to_v.forward(prompt.tokens)};
  std::optional<Tensor> bias;
  if (masked && prompt.bias.defined()) bias = prompt.bias;
  const Tensor queries = to_q.forward(x);
  if (AttentionWatch* watch = AttentionWatch::current()) watch->note(shares(queries, made.keys, heads, bias));
  return to_out.forward(attend(queries, made.keys, made.values, heads, {.bias = bias}));
}

void Attention::list(NamedWeights& to, const std::string& prefix) const {
  to_q.list(to, prefix + ".to_q");
  to_k.list(to, prefix + ".to_k");
  to_v.list(to, prefix + ".to_v");
  to_out.list(to, prefix + ".to_out.0");
}

ImageAttention::ImageAttention(Initialiser& init, int64_t channels, int64_t head_width, int64_t groups, double eps,
                               double scale_, const std::string& where)
    : scale(scale_) {
  if (head_width < 1 || channels / head_width < 1)
    fail(Code::usage, "model " + where, "attention_head_dim", fmt::format("1 to {}, the channels", channels),
         fmt::format("{}", head_width));
  if (groups > 0) group_norm = GroupNorm(init, groups, channels, eps, where);
  attention = Attention(init, {.width = channels, .heads = channels / head_width, .head_width = head_width}, true);
}

Tensor ImageAttention::forward(const Tensor& x) const {
  const Tensor normal = group_norm ? group_norm->forward(x) : x;
  const Tensor places = normal.flatten(2).transpose(1, 2);  // [B, H W, C]
  const Tensor sum = attention.forward(places).transpose(1, 2).view(x.sizes()) + x;
  return scale == 1 ? sum : sum / scale;
}

void ImageAttention::list(NamedWeights& to, const std::string& prefix) const {
  if (group_norm) group_norm->list(to, prefix + ".group_norm");
  attention.list(to, prefix);
}

}  // namespace roulade
