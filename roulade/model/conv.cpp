// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/conv.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/kernel/winograd.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/group_norm.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kFewestChannels = 8;  // with fewer, transforms cost more than the products save

bool takes_winograd(const Conv2d& conv, const Tensor& x) {
  const Tensor& w = conv.weight.stored();
  return conv.stride == 1 && conv.padding == 1 && w.size(2) == 3 && w.size(3) == 3 &&
         std::min(w.size(0), w.size(1)) >= kFewestChannels && x.dim() == 4 && x.size(1) == w.size(1) && x.numel() > 0 &&
         x.scalar_type() == at::kFloat && x.device().is_cpu() && conv.weight.bare() && conv.bias.bare() &&
         !at::GradMode::is_enabled() && !exact();
}

}  // namespace

struct Conv2d::Transformed {
  std::mutex mutex;
  Tensor from;           ///< the tensor that the weights were made from (held, so that no other can have its place)
  int64_t version = -1;  ///< and its version then
  kernel::WinogradWeights weights;

  const kernel::WinogradWeights& of(const Tensor& w) {
    const std::lock_guard lock(mutex);
    if (!from.is_same(w) || version != w._version()) {
      weights.set(w.const_data_ptr<float>(), w.size(0), w.size(1));
      from = w;
      version = w._version();
    }
    return weights;
  }

  Tensor apply(const Conv2d& conv, const Tensor& given) {
    thread_local kernel::WinogradScratch scratch;
    const bool last = given.is_contiguous(at::MemoryFormat::ChannelsLast);
    const Tensor x = last ? given : given.contiguous();
    const Tensor w = conv.weight.use(at::kFloat), bias = conv.bias.use(at::kFloat);
    Tensor y = at::empty({x.size(0), w.size(0), x.size(2), x.size(3)}, x.options(),
                         last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
    const kernel::ConvShape shape{
        x.size(0), w.size(1), w.size(0),
        x.size(2), x.size(3), last ? kernel::PixelOrder::channels_last : kernel::PixelOrder::channels_first};
    kernel::winograd_forward(shape, of(w), {x.const_data_ptr<float>(), nullptr, nullptr},
                             {y.mutable_data_ptr<float>(), bias.const_data_ptr<float>(), nullptr, nullptr}, scratch);
    return y;
  }
};

Conv2d::Conv2d(Initialiser& init, int64_t in, int64_t out, int64_t kernel, int64_t stride_, int64_t padding_, bool zero)
    : stride(stride_), padding(padding_), transformed_(std::make_shared<Transformed>()) {
  const double bound = 1 / std::sqrt(static_cast<double>(in * kernel * kernel));
  weight = zero ? init.zeros({out, in, kernel, kernel}) : init.uniform({out, in, kernel, kernel}, bound);
  bias = zero ? init.zeros({out}) : init.uniform({out}, bound);
}

Tensor Conv2d::forward(const Tensor& x) const {
  if (takes_winograd(*this, x)) return transformed_->apply(*this, x);
  return at::conv2d(x, weight.use(x.scalar_type()), bias.use(x.scalar_type()), stride, padding);
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
  return at::group_norm(x, groups, weight.use(x.scalar_type()), bias.use(x.scalar_type()), eps);
}

void GroupNorm::list(NamedWeights& to, const std::string& prefix) const {
  to.emplace_back(prefix + ".weight", weight);
  to.emplace_back(prefix + ".bias", bias);
}

}  // namespace roulade
