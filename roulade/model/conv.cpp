// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/conv.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/model/conv_choices.hpp"
#include "roulade/model/linear_product.hpp"
#include "roulade/model/resample.hpp"
#include "roulade/model/winograd_conv.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/silu.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

namespace roulade {
namespace {

constexpr int64_t kFewestChannels = 16;  // with fewer, transforms cost more than the products save
constexpr int kTimed = 3;                // runs by each method where both are measured
constexpr int64_t kFewestPixels = 192;   // of a batch in training, where the weights are transformed at every step

/// Pictures that the kernels take.
bool takes_kernels(const Tensor& x) {
  return x.dim() == 4 && x.numel() > 0 && x.scalar_type() == at::kFloat && x.device().is_cpu() && !exact();
}

/// What Winograd's method can make.
bool fits_winograd(const Conv2d& conv, const Tensor& x) {
  const Tensor& w = conv.weight.stored();
  return takes_kernels(x) && conv.stride == 1 && conv.padding == 1 && w.size(2) == 3 && w.size(3) == 3 &&
         x.size(1) == w.size(1) && conv.weight.bare() && conv.bias.bare();
}

/// What it makes where nothing was measured.   pixels: of the answer, all samples.
bool winograd_by_rule(const Conv2d& conv, int64_t pixels) {
  const Tensor& w = conv.weight.stored();
  return std::min(w.size(0), w.size(1)) >= kFewestChannels && (!w.requires_grad() || pixels >= kFewestPixels);
}

/// A convolution of single pixels is a product of matrices, and nothing is moved where channels lie side by side.
bool is_product(const Conv2d& conv, const Tensor& x) {
  const Tensor& w = conv.weight.stored();
  return conv.stride == 1 && conv.padding == 0 && w.size(2) == 1 && w.size(3) == 1 && takes_kernels(x) &&
         x.size(1) == w.size(1) && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

bool takes_kernel_norm(const GroupNorm& norm, const Tensor& x) {
  return takes_kernels(x) && x.is_contiguous(at::MemoryFormat::ChannelsLast) && norm.weight.bare() && norm.bias.bare();
}

Tensor broadcast(const Tensor& rows) { return rows.unsqueeze(2).unsqueeze(3); }

NormCall call_of(const GroupNorm& norm, const Tensor& factor, const Tensor& summand, bool silu) {
  return {norm.weight.stored(), norm.bias.stored(), factor, summand, norm.groups, norm.eps, silu};
}

Tensor detached(const Tensor& t) { return t.defined() ? t.detach() : t; }

/// Of a few runs of make(), with the gradients by `by` where there are any; the first run is not counted.
double least_seconds(const std::function<Tensor()>& make, const std::vector<Tensor>& by) {
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i <= kTimed; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const Tensor y = make();
    if (!by.empty()) torch::autograd::grad({y}, by, {at::ones_like(y)});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (i > 0) least = std::min(least, seconds);
  }
  return least;
}

}  // namespace

Tensor in_kernel_order(const Tensor& x) { return takes_kernels(x) ? x.contiguous(at::MemoryFormat::ChannelsLast) : x; }

Conv2d::Conv2d(Initialiser& init, int64_t in, int64_t out, int64_t kernel, int64_t stride_, int64_t padding_, bool zero)
    : stride(stride_), padding(padding_), transformed_(std::make_shared<TransformedWeights>()) {
  const double bound = 1 / std::sqrt(static_cast<double>(in * kernel * kernel));
  weight = zero ? init.zeros({out, in, kernel, kernel}) : init.uniform({out, in, kernel, kernel}, bound);
  bias = zero ? init.zeros({out}) : init.uniform({out}, bound);
}

Tensor Conv2d::forward(const Tensor& x, const ConvExtras& more) const {
  if (fits_winograd(*this, x) && (more.norm == nullptr || takes_kernel_norm(*more.norm, x)) && takes_winograd(x, more))
    return winograd_conv(x, more.norm ? call_of(*more.norm, more.factor, more.summand, true) : NormCall(),
                         weight.stored(), bias.stored(), more.shift, more.residual, more.doubled, *transformed_);
  return direct(more.norm ? more.norm->activated(x, more.factor, more.summand) : x, weight.use(x.scalar_type()),
                bias.use(x.scalar_type()), more);
}

/// Without Winograd's method.   x: normalised where it is to be; of `more` the rest counts.
Tensor Conv2d::direct(const Tensor& x, const Tensor& w, const Tensor& b, const ConvExtras& more) const {
  const Tensor from = more.doubled ? twice(x, Resample::plain) : x;
  Tensor y = is_product(*this, from)
                 ? linear_product(from.permute({0, 2, 3, 1}), w.view({w.size(0), w.size(1)}), b).permute({0, 3, 1, 2})
                 : at::conv2d(from, w, b, stride, padding);
  // LibTorch answers pictures of one channel, whose order in memory could be either, with a plane for each channel.
  if (from.is_contiguous(at::MemoryFormat::ChannelsLast)) y = in_kernel_order(y);
  if (more.shift.defined()) y = y + broadcast(more.shift);
  return more.residual.defined() ? y + more.residual : y;
}

/// As chosen by measurement, else by rule. Where it is measured, both ways are given the same detached tensors.
bool Conv2d::takes_winograd(const Tensor& x, const ConvExtras& more) const {
  const int64_t times = more.doubled ? 2 : 1, height = times * x.size(2), width = times * x.size(3);
  const bool by_rule = winograd_by_rule(*this, x.size(0) * height * width);
  if (!chooses_convolutions()) return by_rule;
  const Tensor& w = weight.stored();
  // Also where no gradients are asked for now: a block that is computed again for them must give what it gave before.
  const bool training = w.requires_grad();
  const ConvKey key{w.size(1), w.size(0), height, width, training};
  return chosen_winograd(key, by_rule, [&] {
    const at::AutoGradMode with_gradients(training);
    TransformedWeights transformed;  // as this layer's own are, once made
    const auto leaf = [&](const Tensor& t) { return t.detach().clone().requires_grad_(training); };
    const Tensor from = leaf(x), weights = leaf(w), added = leaf(bias.stored());
    const NormCall norm =
        more.norm ? call_of(*more.norm, detached(more.factor), detached(more.summand), true) : NormCall();
    const ConvExtras rest{.doubled = more.doubled, .shift = detached(more.shift), .residual = detached(more.residual)};
    const auto by_winograd = [&] {
      return winograd_conv(from, norm, weights, added, rest.shift, rest.residual, rest.doubled, transformed);
    };
    const auto directly = [&] {
      return direct(norm.gamma.defined() ? kernel_norm(from, norm) : from, weights, added, rest);
    };
    const std::vector<Tensor> by = training ? std::vector<Tensor>{from, weights, added} : std::vector<Tensor>();
    ConvChoice out;
    out.winograd_seconds = least_seconds(by_winograd, by);
    out.direct_seconds = least_seconds(directly, by);
    out.winograd = out.winograd_seconds <= out.direct_seconds;
    return out;
  });
}

void Conv2d::list(NamedWeights& to, const std::string& prefix) const {
  to.emplace_back(prefix + ".weight", weight);
  to.emplace_back(prefix + ".bias", bias);
}

GroupNorm::GroupNorm(Initialiser& init, int64_t groups_, int64_t channels, double eps_, const std::string& where)
    : weight(init.ones({channels})), bias(init.zeros({channels})), groups(groups_), eps(eps_) {
  if (groups < 1 || channels % groups != 0)
    fail(Code::usage, "model " + where, "groups of the normalisation",
         fmt::format("a divisor of {} channels", channels), fmt::format("{}", groups));
}

Tensor GroupNorm::forward(const Tensor& x) const {
  if (takes_kernel_norm(*this, x)) return kernel_norm(x, call_of(*this, {}, {}, false));
  return at::group_norm(x, groups, weight.use(x.scalar_type()), bias.use(x.scalar_type()), eps);
}

Tensor GroupNorm::activated(const Tensor& x, const Tensor& factor, const Tensor& summand) const {
  if (takes_kernel_norm(*this, x)) return kernel_norm(x, call_of(*this, factor, summand, true));
  Tensor z = forward(x);
  if (factor.defined()) z = z * broadcast(factor);
  return at::silu(summand.defined() ? z + broadcast(summand) : z);
}

void GroupNorm::list(NamedWeights& to, const std::string& prefix) const {
  to.emplace_back(prefix + ".weight", weight);
  to.emplace_back(prefix + ".bias", bias);
}

}  // namespace roulade
