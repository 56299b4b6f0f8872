// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/registry.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace roulade {

/// How noisy is time t: x_t = alpha(t) x_0 + sigma(t) eps, t in [0, 1], 0 = data, 1 = noise.
/// alpha and sigma are finite everywhere; log_snr may be infinite at the ends and never rises with t.
/// A time outside [0, 1] is an Error(usage). Const calls are thread-safe.
class Schedule {
 public:
  /// Which coordinates a solver should use: variance preserving, variance exploding, or rectified flow.
  enum class Family { variance_preserving, variance_exploding, flow };

  virtual ~Schedule() = default;
  virtual double alpha(double t) const = 0;
  virtual double sigma(double t) const = 0;
  /// log(alpha^2 / sigma^2).
  virtual double log_snr(double t) const = 0;
  /// The inverse of log_snr, clamped to [0, 1].
  virtual double time_of(double log_snr) const = 0;
  virtual Family family() const = 0;

  /// T of a discrete schedule (states i = 0..T, t = i/T, abar_0 = 1); 0 = continuous.
  virtual int64_t states() const { return 0; }
  /// The smallest positive time that a network of this schedule is trained at: grids end there before they step to 0.
  virtual double t_min() const = 0;
  /// The number that a network is told for time t: k = i - 1 in diffusers' counting, 0 below state 1 (i when counted
  /// from clean data); 1000 t for continuous schedules, for a flow 1000 sigma(t).
  virtual double network_time(double t) const = 0;
  /// Standard deviation of x at t = 1 that sampling starts from: 1 where alpha^2 + sigma^2 = 1 or for flows, sigma(1)
  /// for variance exploding.
  virtual double prior_deviation() const = 0;
};

namespace schedule {

using Entry = Factory<Schedule>;
const Registry<Entry>& registry();

#define ADD(name) Entry name();
#include "roulade/schedule/list.hpp"
#undef ADD

}  // namespace schedule
}  // namespace roulade
