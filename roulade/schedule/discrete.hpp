// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/schedule/schedule.hpp"

#include <memory>
#include <string>
#include <vector>

namespace roulade {

/// How the states of a discrete schedule are counted: the options that all of them share.
struct Counting {
  int64_t steps = 1000;
  bool zero_terminal_snr = false;
  std::string index = "from_noise";

  void bind(Binder& b);         ///< all three
  void bind_shared(Binder& b);  ///< without `steps`
  bool from_clean() const { return index == "from_clean"; }
  /// Betas to make, T = states(): `steps`, or steps - 1 when the clean state is one of the steps.
  int64_t transitions() const { return from_clean() ? steps - 1 : steps; }
};

/// The variance-preserving schedule of the chain q(x_i | x_{i-1}) = N(sqrt(1 - beta_i) x_{i-1}, beta_i I).
/// abar_i = prod_{j <= i} (1 - beta_j), alpha(i/T) = sqrt(abar_i), sigma(i/T) = sqrt(1 - abar_i).
/// Between states log_snr is linear in t. Where it is infinite, sigma/alpha is linear between states 0 and 1, and
/// alpha/sigma between T - 1 and a T without signal.
/// betas: beta_1..beta_T, each in (0, 1); the last may be 1 when T > 1. Throws Error(usage).
std::unique_ptr<const Schedule> discrete(const std::vector<double>& betas, const Counting& counting);

/// n numbers evenly spaced from first to last; n = 1 gives first.
std::vector<double> spaced(double first, double last, int64_t n);

}  // namespace roulade
