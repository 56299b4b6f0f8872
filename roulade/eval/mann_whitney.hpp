// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace roulade {

/// Which of two sets of numbers lies lower.
struct MannWhitney {
  double u = 0;         ///< pairs (x, y) with x < y, ties one half
  double pairs = 0;     ///< n m
  double variance = 0;  ///< of u where both sets have one law, ties taken into account; 0 where all numbers are equal

  double share() const;  ///< P(x < y), ties one half: 0.5 where both sets have one law
  double error() const;  ///< the standard deviation of share() in that case
  double z() const;      ///< (share() - 1/2) / error(), about N(0, 1) in that case; 0 where all numbers are equal
};

/// x: [n], y: [m], in any order, at least one each. variance = n m / 12 (N + 1 - sum (t^3 - t) / (N (N - 1))), N = n +
/// m, t the sizes of the groups of equal numbers. Source: Mann and Whitney 1947; for ties Lehmann 1975, Nonparametrics,
/// section 1.4.
MannWhitney mann_whitney(std::vector<float> x, std::vector<float> y);

}  // namespace roulade
