// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/steps.hpp"

#include <cmath>

namespace roulade::grid {
namespace {

struct Settings {
  bool rounded = false;
  void bind(Binder& b) {
    b.add("rounded", rounded, "discrete: to states, as the 'linspace' of diffusers' DPM-Solver classes");
  }
};

/// t_j = 1 + (t_min - 1) j/n, j < n, then 0: equal strides from 1 to t_min, whose last value is left out. Discrete:
/// between states, or rounded the states round(linspace(T, 1, n + 1)) but the last, then 0.
class SgmUniform final : public Grid {
 public:
  explicit SgmUniform(const Settings& s) : rounded_(s.rounded) {}

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    std::vector<double> out;
    if (rounded_ && schedule.states() > 0) {
      check_states("grid sgm_uniform", schedule, n);
      const double stride = static_cast<double>(schedule.states() - 1) / static_cast<double>(n);
      for (int64_t j = n; j > 0; --j) out.push_back(std::nearbyint(static_cast<double>(j) * stride) + 1);
      return falling("grid sgm_uniform", times_of_states(schedule, out));
    }
    check_steps("grid sgm_uniform", n);
    for (int64_t j = 0; j < n; ++j)
      out.push_back(std::lerp(1.0, schedule.t_min(), static_cast<double>(j) / static_cast<double>(n)));
    out.push_back(0);
    return falling("grid sgm_uniform", out);
  }

 private:
  bool rounded_;
};

}  // namespace

Entry sgm_uniform() {
  Entry entry;
  entry.name = "sgm_uniform";
  entry.summary = "Equal strides from t = 1 to t_min, of which the last jumps to 0; discrete: between states";
  entry.source = "ComfyUI and A1111, scheduler sgm_uniform; after Podell et al. 2023, SDXL, released code";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const SgmUniform>(s); });
}

}  // namespace roulade::grid
