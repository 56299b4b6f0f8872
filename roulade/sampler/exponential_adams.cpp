// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/exponential_adams.hpp"

#include <algorithm>
#include <cmath>

namespace roulade {

SdeStep sde_step(const Schedule& schedule, double t, double s, double eta) {
  const double h = (schedule.log_snr(s) - schedule.log_snr(t)) / 2, keep = schedule.sigma(s) / schedule.sigma(t);
  if (eta == 0) return {keep, h, 0};
  return {keep * std::exp(-eta * h), (1 + eta) * h, schedule.sigma(s) * std::sqrt(-std::expm1(-2 * eta * h))};
}

std::vector<double> exponential_moments(double w, size_t count) {
  std::vector<double> m(count);
  for (size_t k = 0; k < count; ++k) {
    const auto power = static_cast<double>(k);
    if (w > 1) {
      m[k] = k == 0 ? -std::expm1(-w) : 1 - power / w * m[k - 1];
      continue;
    }
    // sum_j (-1)^j w^(j + 1) k! / (k + 1 + j)!: the recursion would lose digits.
    double term = w / (power + 1);
    for (double j = 1; std::abs(term) > 1e-18 * m[k]; ++j) {
      m[k] += term;
      term *= -w / (power + 1 + j);
    }
  }
  return m;
}

std::vector<double> interpolation_weights(double w, std::span<const double> nodes) {
  const std::vector<double> moments = exponential_moments(w, nodes.size());
  std::vector<double> weights;
  for (const double node : nodes) {
    std::vector<double> basis{1};  // coefficients of Lagrange's polynomial, lowest power first
    for (const double other : nodes) {
      if (other == node) continue;
      basis.push_back(0);
      for (size_t k = basis.size(); k-- > 0;)
        basis[k] = ((k > 0 ? basis[k - 1] : 0) - other * basis[k]) / (node - other);
    }
    double weight = 0;
    for (size_t k = 0; k < basis.size(); ++k) weight += basis[k] * moments[k];
    weights.push_back(weight);
  }
  return weights;
}

Sum integral(const Schedule& schedule, double t, double s, double w, std::span<const Past> estimates) {
  const double lambda_t = schedule.log_snr(t) / 2, h = schedule.log_snr(s) / 2 - lambda_t;
  std::vector<double> nodes;
  for (const Past& past : estimates) {
    const double node = past.t == t ? 0 : past.t == s ? 1 : (schedule.log_snr(past.t) / 2 - lambda_t) / h;
    if (!std::isfinite(node)) break;
    nodes.push_back(node);
  }
  const std::vector<double> weights = interpolation_weights(w, nodes);
  const double alpha_s = schedule.alpha(s);
  Sum all;
  for (size_t j = 0; j < nodes.size(); ++j) all.add(alpha_s * weights[j], estimates[j].x0);
  return all;
}

std::vector<Past> newest(const std::vector<Past>& history, int64_t order) {
  const auto count = std::min(history.size(), static_cast<size_t>(order));
  return {history.rbegin(), history.rbegin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace roulade
