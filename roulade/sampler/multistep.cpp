// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/multistep.hpp"

#include <cmath>
#include <utility>

namespace roulade {

double exponential_moment(int k, double z) {
  if (std::abs(z) < 1) {  // the recursion below divides rounding by z^(k + 1)
    double term = 1, sum = 0;
    for (int m = 0; m < 20; ++m) {
      sum += term / (m + k + 1);
      term *= z / (m + 1);
    }
    return sum;
  }
  double moment = std::expm1(z) / z;
  for (int i = 1; i <= k; ++i) moment = (std::exp(z) - i * moment) / z;
  return moment;
}

std::vector<double> difference_weights(std::span<const double> nodes, std::span<const double> moments) {
  const size_t n = nodes.size();
  std::vector<double> weights(n);
  for (size_t j = 0; j < n; ++j) {
    // theta prod_{i != j} (theta - nodes[i]) / (its value at nodes[j]), by its coefficients of theta, theta^2, ...
    std::vector<double> polynomial{1};
    double value = nodes[j];
    for (size_t i = 0; i < n; ++i) {
      if (i == j) continue;
      polynomial.push_back(0);
      for (size_t k = polynomial.size(); k-- > 0;)
        polynomial[k] = (k > 0 ? polynomial[k - 1] : 0) - nodes[i] * polynomial[k];
      value *= nodes[j] - nodes[i];
    }
    for (size_t k = 0; k < n; ++k) weights[j] += polynomial[k] * moments[k] / value;
  }
  return weights;
}

Sum differences(double length, std::span<const double> weights, const std::vector<Past>& history, Tensor Past::*member,
                const Sum& f) {
  Sum all;
  double sum = 0;
  for (size_t j = 0; j < weights.size(); ++j) {
    all.add(length * weights[j], history[history.size() - 1 - j].*member);
    sum += weights[j];
  }
  return weights.empty() ? all : all.add(-length * sum, f);
}

void remember(std::vector<Past>& history, Past now, int64_t keep) {
  history.push_back(std::move(now));
  if (history.size() > static_cast<size_t>(keep)) history.erase(history.begin());
}

void AdamsSettings::bind_final(Binder& b) {
  b.add("lower_order_final", lower_order_final, "take the jump to sigma 0 at first order: return the denoised x_0");
}

Tensor adams_bashforth(const AdamsSettings& settings, StepContext& context, const Tensor& x_t, const Tensor& x0,
                       double t, double s) {
  const Schedule& schedule = context.schedule();
  if (schedule.sigma(s) == 0 && (settings.lower_order_final || context.history.empty())) return x0;
  const Space space = space_of(settings.space, schedule);
  Sum x_s = euler(space, schedule, x_t, x0, t, s);
  const Coordinates from = coordinates(space, schedule, t), to = coordinates(space, schedule, s);
  if (!std::isfinite(from.u)) return context.make(x_s);

  std::vector<double> nodes;
  for (size_t j = 0; j < context.history.size(); ++j) {
    const Past& past = context.history[context.history.size() - 1 - j];
    const double node = (coordinates(space, schedule, past.t).u - from.u) / (to.u - from.u);
    nodes.push_back(settings.equal ? -static_cast<double>(j + 1) : node);
  }
  const std::vector<double> weights = difference_weights(nodes, std::vector<double>{1 / 2.0, 1 / 3.0, 1 / 4.0});
  const Sum now = slope(space, schedule, x_t, x0, t);
  x_s.add(1, differences(to.scale * (to.u - from.u), weights, context.history, &Past::slope, now));
  if (settings.order == 1) return context.make(x_s);
  auto [next, kept] = context.make(x_s, now);
  remember(context.history, {.t = t, .slope = std::move(kept)}, settings.order - 1);
  return next;
}

}  // namespace roulade
