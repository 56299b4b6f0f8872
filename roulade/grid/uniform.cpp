// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/steps.hpp"

#include <cmath>

namespace roulade::grid {
namespace {

struct Settings {
  bool rounded = true;
  void bind(Binder& b) {
    b.add("rounded", rounded, "discrete: to states; false: between them, as A1111 and ComfyUI's 'normal'");
  }
};

/// Discrete: the states round(linspace(T, 1, n)), then 0; without rounding, between states. Continuous: t_j = 1 - j/n.
class Uniform final : public Grid {
 public:
  explicit Uniform(const Settings& s) : rounded_(s.rounded) {}

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    if (schedule.states() == 0) return continuous(n);
    return rounded_ ? discrete(schedule, n) : between_states(schedule, n);
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

  static std::vector<double> between_states(const Schedule& schedule, int64_t n) {
    check_steps("grid uniform", n);
    std::vector<double> out{1};
    for (int64_t j = 1; j < n; ++j)
      out.push_back(std::lerp(1.0, schedule.t_min(), static_cast<double>(j) / static_cast<double>(n - 1)));
    out.push_back(0);
    return falling("grid uniform", out);
  }

  static std::vector<double> continuous(int64_t n) {
    check_steps("grid uniform", n);
    std::vector<double> out;
    for (int64_t j = 0; j <= n; ++j) out.push_back(static_cast<double>(n - j) / static_cast<double>(n));
    return out;
  }

  bool rounded_;
};

}  // namespace

Entry uniform() {
  Entry entry;
  entry.name = "uniform";
  entry.summary = "Evenly spaced times; discrete: from state T to state 1, rounded ('linspace' in diffusers), then 0";
  entry.source = "Lin et al. 2023, Common Diffusion Noise Schedules and Sample Steps are Flawed, table 2";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Uniform>(s); });
}

}  // namespace roulade::grid
