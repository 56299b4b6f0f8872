// SPDX-License-Identifier: Apache-2.0
// What the conformance tests of samplers share: noise paths over a fixed interval, data whose denoiser and trajectories
// are known, and fits of orders.
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/denoiser/exact.hpp"
#include "roulade/sampler/sampler.hpp"

#include <memory>
#include <string>
#include <vector>

namespace roulade::testing {

/// A schedule and the interval [t_min, t_max] inside (0, 1) over which orders are fitted: sigma / alpha falls from
/// about 6 to about 0.15, where data of deviation near 1 bend the trajectories.
struct Path {
  std::string name;
  std::shared_ptr<const Schedule> schedule;
  double t_max = 0.9, t_min = 0.1;
  bool karras = false;  ///< steps spaced as (sigma / alpha)^(1/7) (Karras et al. 2022, eq. 5), else evenly in t

  std::vector<double> times(int64_t n) const { return karras ? karras_times(n) : even_times(n); }
  std::vector<double> karras_times(int64_t n) const;
  std::vector<double> even_times(int64_t n) const;
};
const std::vector<Path>& paths();

/// A registry entry with options; `label` tells cases apart.
struct SamplerCase {
  std::string label, name;
  Table options;
  SamplerFacts facts;  ///< the entry's, as declared; with other orders where the options set them
  /// Errors of opposite signs, each of its order, cancel somewhere among the steps that are tried: over an interval
  /// none is fitted.
  bool cancels = false;

  std::unique_ptr<const Sampler> make() const { return sampler::registry().make(name, options); }
};
/// Every registry entry that declares itself deterministic, at its defaults, in every space that it offers, and of
/// every order, and the settings without noise of those that do not.
std::vector<SamplerCase> deterministic_samplers();
/// Every registry entry at its defaults, and the stochastic settings of the others.
std::vector<SamplerCase> all_samplers();

/// Data in the plane whose denoiser and probability-flow ODE are known.
class KnownData {
 public:
  virtual ~KnownData() = default;
  virtual std::shared_ptr<const Denoiser> denoiser(std::shared_ptr<const Schedule> schedule) const = 0;
  /// The ODE's solution in y = x / alpha from u = sigma / alpha to v, one point [2] in place.
  virtual void flow(double* y, double u, double v) const = 0;
};
/// N(mean, diag(deviation^2)); y - mean grows as sqrt(deviation^2 + u^2).
const KnownData& gaussian();
/// Three components; integrated in log u by the classical Runge-Kutta method with steps of at most 2e-4, in plain
/// doubles and with a posterior mean written out here.
const KnownData& mixture();

/// x: [6, 2] float64 at t to the ODE's solution at s.
Tensor exact_solution(const KnownData& data, const Schedule& schedule, const Tensor& x, double t, double s);

/// Six points [6, 2] float64 at time t, of the size that noised data have there.
Tensor start_points(const Schedule& schedule, double t);

/// Root mean square of all entries.
double rms(const Tensor& x);

/// Least-squares slope of log(error) over log(size).
double fitted_slope(const std::vector<double>& size, const std::vector<double>& error);
std::string listed(const std::vector<double>& values);

Tensor silent(int64_t index, int64_t part, const Tensor& like);

}  // namespace roulade::testing
