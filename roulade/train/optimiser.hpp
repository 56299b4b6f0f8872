// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/objective/objective.hpp"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace roulade {

/// The options of [train] that move weights.
struct OptimiserSettings {
  std::string optimiser = "adam";
  double lr = 1e-3;
  std::string decay = "constant";
  int64_t warmup = 0;
  double lr_end = 0;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
  double momentum = 0.95;  ///< of muon
  double clip = 0;

  void bind(Binder& b);
};

/// The learning rate of a step (from 0) of `steps`: lr (step + 1) / warmup during warm-up; then constant, or from lr
/// down to lr_end along a line or half a cosine, reached at the last step.
double learning_rate(const OptimiserSettings& settings, int64_t step, int64_t steps);

/// One step of running averages:  average += (1 - decay)(weight - average).
struct AverageStep {
  double decay = 0;
  std::vector<Tensor> averages;  ///< of the weights that are trained, in their order
};

/// Adam or AdamW on named float32 weights, or Muon on those that are matrices and AdamW on the others. The first and
/// second moments are its whole state; of Muon's weights the first alone.
class Optimiser {
 public:
  Optimiser(const OptimiserSettings& settings, const NamedWeights& weights);

  /// Moves the weights by their gradients, clipped to the norm `clip` (0 = not), clears the gradients, and moves the
  /// averages after the weights. step: 1 for the first. Returns the norm before clipping. Throws Error(numeric) naming
  /// the first weight whose gradient is not finite; nothing has moved then.
  double apply(double lr, int64_t step, std::span<const AverageStep> averages = {});

  void save(std::map<std::string, Tensor>& to, const std::string& prefix) const;
  /// Throws Error(input) when a tensor is missing or has another shape.
  void load(const std::map<std::string, Tensor>& from, const std::string& prefix);

 private:
  struct Slot {
    std::string name;
    Weight weight;
    Tensor m, v;  ///< v: not defined where Muon moves the weight
  };
  OptimiserSettings settings_;
  std::vector<Slot> slots_;
  std::vector<size_t> matrices_;  ///< the slots that Muon moves, the largest first
};

}  // namespace roulade
