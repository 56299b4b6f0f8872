// SPDX-License-Identifier: Apache-2.0
#include "roulade/denoiser/denoiser.hpp"

#include "roulade/core/error.hpp"

#include <fmt/format.h>

namespace roulade {

Tensor eps_from_x0(const Schedule& schedule, const Tensor& x_t, const Tensor& x0, double t) {
  const double sigma = schedule.sigma(t);
  if (sigma == 0) fail(Code::usage, "eps_from_x0", "x_t has no noise", "sigma(t) > 0", fmt::format("t = {}", t));
  return x_t.mul(1 / sigma).add_(x0, -schedule.alpha(t) / sigma);
}

Tensor score_from_x0(const Schedule& schedule, const Tensor& x_t, const Tensor& x0, double t) {
  return eps_from_x0(schedule, x_t, x0, t).mul_(-1 / schedule.sigma(t));
}

void check_times(const char* where, const Tensor& x_t, std::span<const double> t) {
  if (x_t.dim() < 1) fail(Code::usage, where, "shape of x_t", "a batch axis", "a scalar");
  if (t.size() != 1 && static_cast<int64_t>(t.size()) != x_t.size(0))
    fail(Code::usage, where, "number of times", fmt::format("1 or {}", x_t.size(0)), fmt::format("{}", t.size()));
}

}  // namespace roulade
