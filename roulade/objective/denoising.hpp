// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/model.hpp"
#include "roulade/objective/terms.hpp"

#include <memory>

namespace roulade {

/// The parts of a denoising objective; all are needed.
struct DenoisingParts {
  std::shared_ptr<const Model> model;
  std::shared_ptr<const Schedule> schedule;
  std::shared_ptr<const Prediction> prediction;
  std::shared_ptr<const TimeDistribution> times;
  std::shared_ptr<const LossWeight> weight;
  std::shared_ptr<const LossFunction> loss;
  double label_dropout = 0;  ///< share of labels replaced by "no class", which guidance needs
  bool fused = true;         ///< take gradients by the fused pass where it knows the network, else by autograd
  bool bfloat16 = false;     ///< the network computes in bfloat16, by autograd; weights and the loss stay float32

  /// The network's answer, in x's dtype.
  Tensor answer(const Tensor& x, const Tensor& noise_level, const Condition& condition) const;
};

/// mean over samples and components of  w(t) loss(F(in x_t, noise), target),  x_t = alpha(t) x_0 + sigma(t) eps.
/// With eps prediction, uniform times and weight, and l2 it is the simple loss E||eps - eps_theta(x_t, t)||^2.
/// Source: Ho et al. 2020, eq. 14.
std::unique_ptr<Objective> make_denoising(DenoisingParts parts);

}  // namespace roulade
