// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/conv.hpp"

#include "roulade/core/error.hpp"

#include <cmath>

#include <ATen/ops/conv2d.h>
#include <ATen/ops/group_norm.h>
#include <fmt/format.h>

namespace roulade {

Conv2d::Conv2d(Initialiser& init, int64_t in, int64_t out, int64_t kernel, int64_t stride_, int64_t padding_, bool zero)
    : stride(stride_), padding(padding_) {
  const double bound = 1 / std::sqrt(static_cast<double>(in * kernel * kernel));
  weight = zero ? init.zeros({out, in, kernel, kernel}) : init.uniform({out, in, kernel, kernel}, bound);
  bias = zero ? init.zeros({out}) : init.uniform({out}, bound);
}

Tensor Conv2d::forward(const Tensor& x) const {
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
