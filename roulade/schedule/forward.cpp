// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/forward.hpp"

#include <cmath>
#include <vector>

#include <ATen/ops/from_blob.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/sub.h>
#include <fmt/format.h>

namespace roulade {
namespace {

void check_order(double s, double t) {
  if (!(s < t)) fail(Code::usage, "schedule", "times", "s < t", fmt::format("s = {}, t = {}", s, t));
}

void check_same_shape(const char* what, const Tensor& x, const Tensor& eps) {
  if (!x.sizes().equals(eps.sizes()))
    fail(Code::usage, "schedule", fmt::format("shape of {}", what), fmt::format("[{}]", fmt::join(x.sizes(), ", ")),
         fmt::format("[{}]", fmt::join(eps.sizes(), ", ")));
}

/// (sigma_t^2 - scale^2 sigma_s^2) / sigma_t^2 = 1 - snr(t) / snr(s), without cancellation.
double share_of_new_noise(const Schedule& schedule, double s, double t) {
  return -std::expm1(schedule.log_snr(t) - schedule.log_snr(s));
}

template <class Member>
Tensor values_of(std::span<const double> t, const Tensor& x, Member member) {
  std::vector<double> values;
  values.reserve(t.size());
  for (const double one : t) values.push_back(member(one));
  return broadcast(values, x);
}

}  // namespace

Transition transition(const Schedule& schedule, double s, double t) {
  check_order(s, t);
  return {schedule.alpha(t) / schedule.alpha(s), schedule.sigma(t) * std::sqrt(share_of_new_noise(schedule, s, t))};
}

Posterior posterior(const Schedule& schedule, double s, double t) {
  check_order(s, t);
  const double share = share_of_new_noise(schedule, s, t);
  const double alpha_s = schedule.alpha(s), sigma_s = schedule.sigma(s), sigma_t = schedule.sigma(t);
  const double ratio = sigma_s / sigma_t;
  return {alpha_s * share, schedule.alpha(t) / alpha_s * ratio * ratio, sigma_s * std::sqrt(share)};
}

Tensor chain_step(const Transition& transition, const Tensor& x_s, const Tensor& eps) {
  check_same_shape("eps", x_s, eps);
  return at::mul(x_s, transition.scale).add_(eps, transition.deviation);
}

Tensor add_noise(const Schedule& schedule, const Tensor& x0, const Tensor& eps, std::span<const double> t) {
  check_same_shape("eps", x0, eps);
  const Tensor alpha = values_of(t, x0, [&](double one) { return schedule.alpha(one); });
  const Tensor sigma = values_of(t, x0, [&](double one) { return schedule.sigma(one); });
  return at::mul(x0, alpha).addcmul_(eps, sigma);
}

Tensor recover_x0(const Schedule& schedule, const Tensor& x_t, const Tensor& eps, std::span<const double> t) {
  check_same_shape("eps", x_t, eps);
  for (const double one : t)
    if (schedule.alpha(one) == 0)
      fail(Code::usage, "schedule", "x0 from noise", "a time with some signal", fmt::format("alpha({}) = 0", one));
  const Tensor alpha = values_of(t, x_t, [&](double one) { return schedule.alpha(one); });
  const Tensor sigma = values_of(t, x_t, [&](double one) { return schedule.sigma(one); });
  return at::sub(x_t, at::mul(eps, sigma)).div_(alpha);
}

Tensor broadcast(std::span<const double> values, const Tensor& x) {
  if (values.size() == 1) return at::scalar_tensor(values[0], x.options());
  const auto count = static_cast<int64_t>(values.size());
  if (x.dim() == 0 || x.size(0) != count)
    fail(Code::usage, "schedule", "number of times", fmt::format("1 or {}", x.dim() == 0 ? 1 : x.size(0)),
         fmt::format("{}", count));
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[0] = count;
  // from_blob borrows `values`; to(copy) owns
  const Tensor borrowed = at::from_blob(const_cast<double*>(values.data()), shape, at::TensorOptions(at::kDouble));
  return borrowed.to(x.options(), /*non_blocking=*/false, /*copy=*/true);
}

}  // namespace roulade
