// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/train/ema.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace roulade {

constexpr double kWidestPowerAverage = 0.28;  ///< sigma_rel; exponent 0, the mean of all steps, has 12^(-1/2) = 0.289

/// Power-function averages of weights, whose length can be chosen after training. Source: Karras et al. 2024, Analyzing
/// and Improving the Training Dynamics of Diffusion Models, section 3 and appendix C.
///
/// The average at step T of weights w(t) is the integral of p(t) w(t) with  p(t) = (g + 1) t^g / T^(g + 1)  on [0, T],
/// w(t) being the weights after step k for k - 1 < t <= k.
struct PowerProfile {
  double exponent = 0;  ///< g >= 0
  int64_t step = 1;     ///< T >= 1
  bool operator==(const PowerProfile& other) const { return exponent == other.exponent && step == other.step; }
};

/// The exponent g of a relative width, the profile's standard deviation as a share of T:
///   sigma_rel^2 = (g + 1) / ((g + 2)^2 (g + 3)),  the largest root of  g^3 + 7 g^2 + (16 - s) g + 12 - s,
///   s = sigma_rel^-2.
/// sigma_rel in (0, kWidestPowerAverage]. Throws Error(usage).
double power_exponent(double sigma_rel);

/// The integral of the product of two profiles.
double power_overlap(const PowerProfile& a, const PowerProfile& b);

/// A profile as a sum of others: the shares of least squared error, in double.
struct PowerCombination {
  std::vector<double> shares;  ///< of each given profile
  double error = 0;            ///< the root of the squared error, in parts of the wanted profile's own norm
};
/// given: at least one, all different. A wanted profile that is among them is that one, exactly.
/// Throws Error(usage, numeric).
PowerCombination combine_profiles(std::span<const PowerProfile> given, const PowerProfile& wanted);

/// A running power-function average:  a += (1 - d)(w - a),  d = (1 - 1/T)^(g + 1) at step T.
class PowerAverage {
 public:
  PowerAverage(double sigma_rel, const NamedWeights& weights);
  /// step: 1 for the first.
  void update(int64_t step);
  double decay_at(int64_t step) const;   ///< d
  AverageStep step(int64_t step) const;  ///< see Ema::step
  double sigma_rel() const { return sigma_rel_; }
  /// As Ema's.
  std::map<std::string, Tensor> values() const { return average_.values(); }
  void save(std::map<std::string, Tensor>& to, const std::string& prefix) const { average_.save(to, prefix); }
  void load(const std::map<std::string, Tensor>& from, const std::string& prefix) { average_.load(from, prefix); }

 private:
  double sigma_rel_, exponent_;
  Ema average_;
};

}  // namespace roulade
