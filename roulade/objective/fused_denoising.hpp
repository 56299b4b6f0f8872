// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/model.hpp"
#include "roulade/objective/objective.hpp"
#include "roulade/objective/terms.hpp"

#include <array>
#include <functional>
#include <span>

namespace roulade {

/// What one time means for a training sample, in float32.
struct DenoisingLevel {
  float alpha = 1, sigma = 0;
  float in = 1, noise = 0;  ///< the network is given in x_t and told noise
  float target_x0 = 0, target_eps = 0;
  float weight = 1;
};

/// The gradients of the denoising loss by the fused pass (kernel/point_network.hpp): noise, input, forward, loss and
/// backward of one tile after the other, each while it is in the cache.
class FusedDenoising {
 public:
  /// model: one that has a point_network(); level: of one time, called from all threads.
  FusedDenoising(const Model& model, const TimeDistribution& times, const Schedule& schedule, const LossFunction& loss,
                 std::function<DenoisingLevel(double t)> level, double label_dropout);

  /// True where the pass knows all that it would meet: float32 points in memory, weights as stored, one output for each
  /// number of a point.
  bool ready(std::span<const Batch> batches) const;
  /// Leaves in every trainable weight the gradient of the mean loss over all samples and components, the one that
  /// autograd finds of Objective::loss to rounding; the same for any number of threads. Returns the loss.
  double gradients(std::span<const Batch> batches, const StepKey& key) const;

 private:
  const Model& model_;
  const TimeDistribution& times_;
  const Schedule& schedule_;
  const LossFunction& loss_;
  std::function<DenoisingLevel(double t)> level_;
  double label_dropout_;
};

}  // namespace roulade
