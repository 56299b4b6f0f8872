// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

namespace roulade::plot {

/// A closed interval of an axis.
struct Limits {
  double low = 0, high = 1;

  double span() const { return high - low; }
  double centre() const { return 0.5 * (low + high); }
  bool contains(double v) const { return v >= low && v <= high; }
};

/// Smallest and largest finite value; {0, 1} when there is none, and widened when all are equal.
Limits limits_of(std::span<const double> values);

/// Both ends moved outwards by `share` of the span.
Limits pad(Limits limits, double share);

/// The smallest interval that holds both.
Limits join(Limits a, Limits b);

struct Tick {
  double value = 0;
  std::string label;  ///< empty = a minor tick
};

/// At most about `wanted` round values inside the limits: steps of 1, 2 or 5 times a power of ten.
std::vector<Tick> linear_ticks(Limits limits, int wanted);

/// Powers of ten inside the limits (every k-th when there are many); where there is fewer than two, also 2 and 5 times
/// them.   limits: above 0.
std::vector<Tick> log_ticks(Limits limits, int wanted);

}  // namespace roulade::plot
