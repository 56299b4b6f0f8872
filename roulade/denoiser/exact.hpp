// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/denoiser/denoiser.hpp"

#include <memory>
#include <vector>

namespace roulade {

/// A denoiser of data whose law is known: x0 is E[x_0 | x_t, condition] itself. Computed in float64, returned in x_t's
/// dtype. What a perfectly trained network would give, so what samplers and guidance are held against.
class ExactDenoiser : public Denoiser {
 public:
  /// log p_t(x_t | condition), the noised law's log density: [B] float64. Throws Error(usage) where it has none.
  virtual Tensor log_density(const Tensor& x_t, std::span<const double> t, const Condition& condition) const = 0;
};

/// Data N(mean, diag(deviation^2)):  E[x_0 | x_t] = mean + alpha d^2 / (alpha^2 d^2 + sigma^2) (x_t - alpha mean).
/// mean, deviation: of a sample's shape, deviation >= 0. Conditions are ignored. Throws Error(usage).
std::unique_ptr<ExactDenoiser> make_exact_gaussian(std::shared_ptr<const Schedule> schedule, const Tensor& mean,
                                                   const Tensor& deviation);

/// Data sum_k weights[k] N(means[k], deviations[k]^2 I); Condition::label picks the component, -1 or no label = all.
/// With v_k = alpha^2 d_k^2 + sigma^2 and r_k ~ weights[k] N(x_t; alpha m_k, v_k I), sum r_k = 1:
/// E[x_0 | x_t] = sum_k r_k (m_k + alpha d_k^2 / v_k (x_t - alpha m_k)).
/// weights: [K] > 0, of any sum; means: [K][width]; deviations: [K] >= 0. A sample's shape may be any of that width.
/// Throws Error(usage).
std::unique_ptr<ExactDenoiser> make_exact_mixture(std::shared_ptr<const Schedule> schedule,
                                                  const std::vector<double>& weights,
                                                  const std::vector<std::vector<double>>& means,
                                                  const std::vector<double>& deviations);

}  // namespace roulade
