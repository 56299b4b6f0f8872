// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/registry.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/denoiser/prediction.hpp"
#include "roulade/objective/objective.hpp"
#include "roulade/schedule/schedule.hpp"

#include <span>

namespace roulade {

/// Which times a network is trained at.
class TimeDistribution {
 public:
  virtual ~TimeDistribution() = default;
  /// t: [n] in [t_min, 1]; discrete schedules: states 1..T only. A function of (key, position) alone.
  virtual void draw(const Schedule& schedule, const StepKey& key, std::span<double> t) const = 0;
  /// True when a time depends on its own sample alone: a piece of a batch may then be drawn by itself.
  virtual bool independent() const { return false; }
};

/// How much an error of the network's output counts at one time.
class LossWeight {
 public:
  virtual ~LossWeight() = default;
  /// Weight of the loss on the output F. A weight w on the error of x0 is w * out^2 here, since x0 = skip x_t + out F.
  /// alpha, sigma: of the time at which `c` was taken.
  virtual double at(double alpha, double sigma, const Coefficients& c) const = 0;
};

/// How far an output is from its target.
class LossFunction {
 public:
  virtual ~LossFunction() = default;
  /// Element by element, the shape of both.
  virtual Tensor values(const Tensor& output, const Tensor& target) const = 0;
  /// The sum of the values of some errors (output - target); each error is replaced by the value's derivative by it.
  virtual double sum_and_slopes(std::span<float> errors) const = 0;
};

namespace objective::times {
using Entry = Factory<TimeDistribution>;
#define ADD(name) Entry name();
#include "roulade/objective/times_list.hpp"
#undef ADD
const Registry<Entry>& registry();
}  // namespace objective::times

namespace objective::weight {
using Entry = Factory<LossWeight>;
#define ADD(name) Entry name();
#include "roulade/objective/weight_list.hpp"
#undef ADD
const Registry<Entry>& registry();
}  // namespace objective::weight

namespace objective::loss {
using Entry = Factory<LossFunction>;
#define ADD(name) Entry name();
#include "roulade/objective/loss_list.hpp"
#undef ADD
const Registry<Entry>& registry();
}  // namespace objective::loss

}  // namespace roulade
