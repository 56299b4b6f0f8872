// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/steps.hpp"

#include <cmath>

namespace roulade::grid {
namespace {

/// Discrete: the states round(linspace(T, 1, n)), then 0. Continuous: t_j = 1 - j/n.
class Uniform final : public Grid {
 public:
  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    return schedule.states() > 0 ? discrete(schedule, n) : continuous(n);
  }

 private:
  static std::vector<double> discrete(const Schedule& schedule, int64_t n) {
    check_states("grid uniform", schedule, n);
    const auto last = static_cast<double>(schedule.states() - 1);
    const double step = n > 1 ? last / static_cast<double>(n - 1) : 0;
    std::vector<double> states{last + 1};
    // halves go to the even k = i - 1, and k comes from this product, as in NumPy's linspace and round
    for (int64_t j = n - 2; j >= 0; --j) states.push_back(std::nearbyint(static_cast<double>(j) * step) + 1);
    return falling("grid uniform", times_of_states(schedule, states));
  }

  static std::vector<double> continuous(int64_t n) {
    check_steps("grid uniform", n);
    std::vector<double> out;
    for (int64_t j = 0; j <= n; ++j) out.push_back(static_cast<double>(n - j) / static_cast<double>(n));
    return out;
  }
};

}  // namespace

Entry uniform() {
  Entry entry;
  entry.name = "uniform";
  entry.summary = "Evenly spaced times; discrete: from state T to state 1, rounded ('linspace' in diffusers), then 0";
  entry.source = "Lin et al. 2023, Common Diffusion Noise Schedules and Sample Steps are Flawed, table 2";
  entry.make = [](Binder&) { return std::make_unique<const Uniform>(); };
  return entry;
}

}  // namespace roulade::grid
