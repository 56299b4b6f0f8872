// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/conv.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/model/linear_product.hpp"
#include "roulade/model/winograd_conv.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/silu.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kFewestChannels = 16;  // with fewer, transforms cost more than the products save
constexpr int64_t kFewestPixels = 192;   // of a batch in training, where the weights are transformed at every step

/// Pictures that the kernels take.
bool takes_kernels(const Tensor& x) {
  return x.dim() == 4 && x.numel() > 0 && x.scalar_type() == at::kFloat && x.device().is_cpu() && !exact();
}

bool takes_winograd(const Conv2d& conv, const Tensor& x) {
  const Tensor& w = conv.weight.stored();
  return takes_kernels(x) && conv.stride == 1 && conv.padding == 1 && w.size(2) == 3 && w.size(3) == 3 &&
         std::min(w.size(0), w.size(1)) >= kFewestChannels && x.size(1) == w.size(1) &&
         (!w.requires_grad() || x.size(0) * x.size(2) * x.size(3) >= kFewestPixels) && conv.weight.bare() &&
         conv.bias.bare();
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

}  // namespace

Tensor in_kernel_order(const Tensor& x) { return takes_kernels(x) ? x.contiguous(at::MemoryFormat::ChannelsLast) : x; }

Conv2d::Conv2d(Initialiser& init, int64_t in, int64_t out, int64_t kernel, int64_t stride_, int64_t padding_, bool zero)
    : stride(stride_), padding(padding_), transformed_(std::make_shared<TransformedWeights>()) {
  const double bound = 1 / std::sqrt(static_cast<double>(in * kernel * kernel));
  weight = zero ? init.zeros({out, in, kernel, kernel}) : init.uniform({out, in, kernel, kernel}, bound);
  bias = zero ? init.zeros({out}) : init.uniform({out}, bound);
}

Tensor Conv2d::forward(const Tensor& x, const ConvExtras& more) const {
  if (takes_winograd(*this, x) && (more.norm == nullptr || takes_kernel_norm(*more.norm, x)))
    return winograd_conv(x, more.norm ? call_of(*more.norm, more.factor, more.summand, true) : NormCall(),
                         weight.stored(), bias.stored(), more.shift, more.residual, *transformed_);
  const Tensor from = more.norm ? more.norm->activated(x, more.factor, more.summand) : x;
  const Tensor w = weight.use(x.scalar_type()), b = bias.use(x.scalar_type());
  Tensor y = is_product(*this, from)
                 ? linear_product(from.permute({0, 2, 3, 1}), w.view({w.size(0), w.size(1)}), b).permute({0, 3, 1, 2})
                 : at::conv2d(from, w, b, stride, padding);
  // LibTorch answers pictures of one channel, whose order in memory could be either, with a plane for each channel.
  if (from.is_contiguous(at::MemoryFormat::ChannelsLast)) y = in_kernel_order(y);
  if (more.shift.defined()) y = y + broadcast(more.shift);
  return more.residual.defined() ? y + more.residual : y;
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
