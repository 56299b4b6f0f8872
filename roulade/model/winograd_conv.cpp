// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/winograd_conv.hpp"

#include "roulade/kernel/group_norm.hpp"
#include "roulade/kernel/winograd.hpp"

#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

namespace roulade {
namespace {

using kernel::ConvShape;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto kLast = at::MemoryFormat::ChannelsLast;

const float* floats(const Tensor& t) { return t.defined() ? t.const_data_ptr<float>() : nullptr; }

Tensor rows(const Tensor& t) { return t.defined() ? t.contiguous() : t; }

Tensor pixels(const Tensor& t) { return t.defined() ? t.contiguous(kLast) : t; }

Tensor picture(const Tensor& like, int64_t channels, int64_t times = 1) {
  return at::empty({like.size(0), channels, times * like.size(2), times * like.size(3)},
                   like.options().requires_grad(false), kLast);
}

/// The gradient by pictures of what was read four times.
Tensor quarter_sums(const Tensor& d) { return at::avg_pool2d(d, {2, 2}, {2, 2}, {0, 0}, false, true, 1); }

kernel::WinogradScratch& scratch() {
  thread_local kernel::WinogradScratch own;
  return own;
}

/// Weights that change with every step are transformed into memory that all layers share.
kernel::WinogradWeights& passing() {
  thread_local kernel::WinogradWeights own;
  return own;
}

kernel::NormShape norm_shape(const Tensor& x, int64_t groups) {
  return {x.size(0), x.size(1), x.size(2) * x.size(3), groups};
}

kernel::NormGains gains_of(const NormCall& n) {
  return {floats(n.gamma), floats(n.beta), floats(n.factor), floats(n.summand)};
}

/// What a normalised input is convolved with.
struct Scales {
  Tensor mean, rstd;     ///< [B, groups]
  Tensor scale, offset;  ///< [B, channels]

  Scales() = default;
  Scales(const Tensor& x, const NormCall& n) {
    const kernel::NormShape shape = norm_shape(x, n.groups);
    mean = at::empty({x.size(0), n.groups}, at::kFloat);
    rstd = at::empty_like(mean);
    kernel::group_statistics(shape, floats(x), n.eps, mean.mutable_data_ptr<float>(), rstd.mutable_data_ptr<float>());
    fold(x, n);
  }
  Scales(const Tensor& x, const NormCall& n, Tensor mean_, Tensor rstd_)
      : mean(std::move(mean_)), rstd(std::move(rstd_)) {
    fold(x, n);
  }

 private:
  void fold(const Tensor& x, const NormCall& n) {
    scale = at::empty({x.size(0), x.size(1)}, at::kFloat);
    offset = at::empty_like(scale);
    kernel::norm_scales(norm_shape(x, n.groups), floats(mean), floats(rstd), gains_of(n),
                        scale.mutable_data_ptr<float>(), offset.mutable_data_ptr<float>());
  }
};

/// From x to the size of y.
ConvShape conv_shape(const Tensor& x, const Tensor& y) {
  return {x.size(0), x.size(1), y.size(1), y.size(2), y.size(3), kernel::PixelOrder::channels_last};
}

kernel::ConvInput conv_input(const Tensor& x, const Scales& scales, bool doubled) {
  return {floats(x), floats(scales.scale), floats(scales.offset), doubled};
}

Tensor convolve(const Tensor& x, const Scales& scales, const kernel::WinogradWeights& weights, const Tensor& bias,
                const Tensor& shift, const Tensor& residual, bool doubled) {
  Tensor y = picture(x, weights.out(), doubled ? 2 : 1);
  kernel::winograd_forward(conv_shape(x, y), weights, conv_input(x, scales, doubled),
                           {y.mutable_data_ptr<float>(), floats(bias), floats(shift), floats(residual)}, scratch());
  return y;
}

/// The gradients of a normalisation: by x (into dx, which may be da), gamma, beta, factor and summand.
std::array<Tensor, 5> norm_gradients(const Tensor& x, const NormCall& n, const Scales& scales, const Tensor& da,
                                     const Tensor& dx) {
  std::array<Tensor, 5> out{dx, at::empty_like(n.gamma), at::empty_like(n.beta)};
  if (n.factor.defined()) out[3] = at::empty_like(n.factor);
  if (n.summand.defined()) out[4] = at::empty_like(n.summand);
  const auto to = [](Tensor& t) { return t.defined() ? t.mutable_data_ptr<float>() : nullptr; };
  kernel::group_norm_gradient(norm_shape(x, n.groups), floats(x), floats(scales.mean), floats(scales.rstd), gains_of(n),
                              n.silu, floats(da), {to(out[0]), to(out[1]), to(out[2]), to(out[3]), to(out[4])});
  return out;
}

void keep(AutogradContext* ctx, const NormCall& n) {
  ctx->saved_data["groups"] = n.groups;
  ctx->saved_data["eps"] = n.eps;
  ctx->saved_data["silu"] = n.silu;
}

/// From the kept tensors, of which four from `first` on are the normalisation's.
NormCall kept(AutogradContext* ctx, const variable_list& saved, size_t first) {
  return {saved[first],
          saved[first + 1],
          saved[first + 2],
          saved[first + 3],
          ctx->saved_data["groups"].toInt(),
          ctx->saved_data["eps"].toDouble(),
          ctx->saved_data["silu"].toBool()};
}

/// What a function's inputs may be missing.
using Given = std::optional<Tensor>;
Given given(const Tensor& t) { return t.defined() ? Given(t) : std::nullopt; }
Tensor or_none(const Given& t) { return t ? *t : Tensor(); }

class ConvFunction : public torch::autograd::Function<ConvFunction> {
 public:
  enum Input { kX, kWeight, kBias, kGamma, kBeta, kFactor, kSummand, kShift, kResidual, kInputs = 13 };

  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& w, const Tensor& bias, const Given& gamma,
                        const Given& beta, const Given& factor, const Given& summand, const Given& shift,
                        const Given& residual, bool doubled, int64_t groups, double eps, bool silu) {
    const NormCall norm{or_none(gamma), or_none(beta), or_none(factor), or_none(summand), groups, eps, silu};
    const Scales scales = gamma ? Scales(x, norm) : Scales();
    passing().set(floats(w), w.size(0), w.size(1));
    const Tensor y = convolve(x, scales, passing(), bias, or_none(shift), or_none(residual), doubled);
    ctx->save_for_backward({x, w, norm.gamma, norm.beta, norm.factor, norm.summand, scales.mean, scales.rstd});
    keep(ctx, norm);
    ctx->saved_data["shift"] = shift.has_value();
    ctx->saved_data["residual"] = residual.has_value();
    ctx->saved_data["doubled"] = doubled;
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& by) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &w = saved[1], dy = pixels(by[0]);
    const NormCall norm = kept(ctx, saved, 2);
    const Scales scales = norm.gamma.defined() ? Scales(x, norm, saved[6], saved[7]) : Scales();
    const bool doubled = ctx->saved_data["doubled"].toBool();
    variable_list out(kInputs);
    if (ctx->needs_input_grad(kWeight) || ctx->needs_input_grad(kBias)) {
      out[kWeight] = at::empty_like(w);
      out[kBias] = at::empty({w.size(0)}, at::kFloat);
      kernel::winograd_weight_gradient(conv_shape(x, dy), conv_input(x, scales, doubled), floats(dy),
                                       out[kWeight].mutable_data_ptr<float>(), out[kBias].mutable_data_ptr<float>(),
                                       scratch());
    }
    if (ctx->saved_data["shift"].toBool()) out[kShift] = dy.sum({2, 3});
    if (ctx->saved_data["residual"].toBool()) out[kResidual] = by[0];
    if (!norm.gamma.defined() && !ctx->needs_input_grad(kX)) return out;
    passing().set_for_input_gradient(floats(w), w.size(0), w.size(1));
    out[kX] = convolve(dy, {}, passing(), {}, {}, {}, false);
    if (doubled) out[kX] = quarter_sums(out[kX]);
    if (norm.gamma.defined()) {
      const std::array<Tensor, 5> of_norm = norm_gradients(x, norm, scales, out[kX], out[kX]);
      for (size_t i = 1; i < of_norm.size(); ++i) out[kGamma + i - 1] = of_norm[i];
    }
    return out;
  }
};

class NormFunction : public torch::autograd::Function<NormFunction> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& gamma, const Tensor& beta,
                        const Given& factor, const Given& summand, int64_t groups, double eps, bool silu) {
    const NormCall norm{gamma, beta, or_none(factor), or_none(summand), groups, eps, silu};
    const Scales scales(x, norm);
    Tensor y = picture(x, x.size(1));
    kernel::apply_scales(norm_shape(x, groups), floats(x), floats(scales.scale), floats(scales.offset), silu,
                         y.mutable_data_ptr<float>());
    ctx->save_for_backward({x, gamma, beta, norm.factor, norm.summand, scales.mean, scales.rstd});
    keep(ctx, norm);
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& by) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor& x = saved[0];
    const NormCall norm = kept(ctx, saved, 1);
    const Scales scales(x, norm, saved[5], saved[6]);
    const std::array<Tensor, 5> of_norm = norm_gradients(x, norm, scales, pixels(by[0]), picture(x, x.size(1)));
    variable_list out(8);
    for (size_t i = 0; i < of_norm.size(); ++i) out[i] = of_norm[i];
    return out;
  }
};

}  // namespace

struct TransformedWeights::State {
  std::mutex mutex;
  Tensor from;           ///< the tensor that the weights were made from (held, so that no other can have its place)
  int64_t version = -1;  ///< and its version then
  kernel::WinogradWeights weights;
};

TransformedWeights::TransformedWeights() : state_(std::make_unique<State>()) {}

TransformedWeights::~TransformedWeights() = default;

const kernel::WinogradWeights& TransformedWeights::of(const Tensor& w) {
  const std::lock_guard lock(state_->mutex);
  if (!state_->from.is_same(w) || state_->version != w._version()) {
    state_->weights.set(floats(w), w.size(0), w.size(1));
    state_->from = w;
    state_->version = w._version();
  }
  return state_->weights;
}

Tensor winograd_conv(const Tensor& x, const NormCall& norm, const Tensor& w, const Tensor& bias, const Tensor& shift,
                     const Tensor& residual, bool doubled, TransformedWeights& cache) {
  const Tensor from = pixels(x), added = pixels(residual);
  const NormCall n{norm.gamma, norm.beta, rows(norm.factor), rows(norm.summand), norm.groups, norm.eps, norm.silu};
  if (at::GradMode::is_enabled() || w.requires_grad())
    return ConvFunction::apply(from, w, bias, given(n.gamma), given(n.beta), given(n.factor), given(n.summand),
                               given(rows(shift)), given(added), doubled, n.groups, n.eps, n.silu);
  return convolve(from, n.gamma.defined() ? Scales(from, n) : Scales(), cache.of(w), bias, rows(shift), added, doubled);
}

Tensor kernel_norm(const Tensor& x, const NormCall& norm) {
  return NormFunction::apply(pixels(x), norm.gamma, norm.beta, given(rows(norm.factor)), given(rows(norm.summand)),
                             norm.groups, norm.eps, norm.silu);
}

}  // namespace roulade
