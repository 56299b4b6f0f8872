// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/condition.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/model/linear.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace roulade {

/// Clean samples and what they depend on.
struct Batch {
  Tensor x0;  ///< [B, ...]
  Condition condition;
};

/// Names the random numbers of one batch: sample i of it is number first + i of this seed and step.
struct StepKey {
  uint64_t seed = 0;
  int64_t step = 0;
  int64_t first = 0;
  int64_t batch = 0;  ///< samples of each whole batch where this is a part of one; 0 = it is whole
};

/// Weights that one optimiser step moves together ("denoiser"; a GAN has two groups).
struct ParameterGroup {
  std::string name;
  NamedWeights weights;  ///< trainable and not; only those that require gradients are moved
};

/// What an objective asks of the trainer: clip, move and average one group from the gradients that stand in its
/// weights; `loss` is the group's mean over the samples that they come from.
class Update {
 public:
  virtual ~Update() = default;
  virtual void apply(size_t group, double loss) = 0;
};

/// Which times, which weight, which target, which loss; owns the groups and the order in which they are updated.
class Objective {
 public:
  virtual ~Objective() = default;
  virtual std::vector<ParameterGroup> groups() const = 0;
  /// The mean loss of one batch for a group: a scalar that gradients flow from.
  virtual Tensor loss(const Batch& batch, const StepKey& key, size_t group) const = 0;
  /// False where the first group's loss on held-out data says nothing of quality.
  virtual bool has_validation() const { return true; }
  /// One training step on micro-batches of equal weight per sample; returns the mean loss of the first group. The
  /// default takes the gradient of each group's loss() by autograd, for its own weights alone, and applies it before
  /// the next group's turn; an override must give the same gradients.
  virtual double step(std::span<const Batch> batches, const StepKey& key, Update& update) const;
  /// True where a step shares out its work in pieces so large that every thread helps.
  virtual bool feeds_all_threads() const { return false; }
};

/// Trainable numbers of all groups.
int64_t parameter_count(const Objective& objective);

}  // namespace roulade
