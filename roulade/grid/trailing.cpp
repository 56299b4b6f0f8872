// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/steps.hpp"

#include <cmath>

namespace roulade::grid {
namespace {

/// Discrete: the states round(T - j T/n), j < n, then 0. Continuous: t_j = 1 - j/n.
class Trailing final : public Grid {
 public:
  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    std::vector<double> out;
    if (schedule.states() == 0) {
      check_steps("grid trailing", n);
      for (int64_t j = 0; j <= n; ++j) out.push_back(static_cast<double>(n - j) / static_cast<double>(n));
      return out;
    }
    check_states("grid trailing", schedule, n);
    const auto last = static_cast<double>(schedule.states());
    // NumPy's arange(T, 0, -T/n) adds the rounded difference of its first two values; halves go to the even state
    const double step = (last - last / static_cast<double>(n)) - last;
    for (int64_t j = 0; j < n; ++j) out.push_back(std::nearbyint(last + static_cast<double>(j) * step));
    return falling("grid trailing", times_of_states(schedule, out));
  }
};

}  // namespace

Entry trailing() {
  Entry entry;
  entry.name = "trailing";
  entry.summary = "Equal strides down from t = 1; discrete: rounded to states, the last stride ends at 0";
  entry.source = "Lin et al. 2023, Common Diffusion Noise Schedules and Sample Steps are Flawed, table 2";
  entry.make = [](Binder&) { return std::make_unique<const Trailing>(); };
  return entry;
}

}  // namespace roulade::grid
