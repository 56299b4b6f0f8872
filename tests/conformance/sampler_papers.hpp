// SPDX-License-Identifier: Apache-2.0
// Each stochastic method's step as its paper writes it, in plain numbers, on Gaussian data.
#pragma once

#include "roulade/sampler/sampler.hpp"

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace roulade::testing {

/// The data of the laws: N(mean, deviation^2) in each coordinate.
constexpr double kLawMean = 0.7, kLawDeviation = 0.6;

/// E[x_0 | x_t = x].
double law_estimate(double x, double alpha, double sigma);

/// What a step may use besides x, and what it keeps for the next.
struct PaperWalk {
  const Schedule& schedule;
  int64_t n = 1;                            ///< steps in all
  std::function<double(int64_t part)> z;    ///< this step's noise
  std::vector<std::array<double, 3>> past;  ///< the method's own, newest last
  std::optional<double> kept;               ///< and one number
};

/// x_s from x_t.
using PaperStep = std::function<double(PaperWalk& walk, double t, double s, double x)>;

struct StochasticCase {
  std::string label, name;
  Table options;
  PaperStep paper;
  bool reverses = false;  ///< draws x_s around E[x_s | x_t] of the forward process run backwards
  /// Order of the variance on Gaussian data where it is not the declared one, and the fewest steps from which the next
  /// term of the error is small enough to fit it.
  double order = 0;
  int64_t first = 40;
};
std::vector<StochasticCase> stochastic_cases();

/// Parts of it: methods of one estimate a step, and those of several estimates.
std::vector<StochasticCase> one_step_cases();
std::vector<StochasticCase> multistep_cases();

}  // namespace roulade::testing
