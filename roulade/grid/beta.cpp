// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/beta_quantile.hpp"
#include "roulade/grid/grid.hpp"
#include "roulade/grid/ratio_span.hpp"
#include "roulade/grid/steps.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade::grid {
namespace {

struct Settings {
  double alpha = 0.6, beta = 0.6;
  std::string of = "time";
  RatioSpan span;
  void bind(Binder& b) {
    b.add("alpha", alpha, {0.1, 20, false}, "of the Beta distribution: smaller, more of the steps at low noise");
    b.add("beta", beta, {0.1, 20, false}, "of the Beta distribution: smaller, more of the steps at high noise");
    b.add("of", of, {"time", "sigma"},
          "quantiles of what: times (ComfyUI; discrete: states), or sigma/alpha (diffusers, A1111)");
    span.bind(b);
  }
};

/// Q, the quantiles of Beta(alpha, beta), over u_j = 1 - j/n: discrete: the states 1 + round((T - 1) Q(u_j)), j < n,
/// then 0; continuous: t_j = t_min + (1 - t_min) Q(u_j). With of = "sigma" instead
/// sigma_j = sigma_min + (sigma_max - sigma_min) Q(1 - j/(n-1)), t_j where sigma/alpha = sigma_j.
class Beta final : public Grid {
 public:
  explicit Beta(const Settings& s) : s_(s) {
    if (s.of == "time" && (s.span.sigma_min > 0 || s.span.sigma_max > 0))
      fail(Code::usage, "grid beta", "sigma_min and sigma_max", "of = \"sigma\"", "of = \"time\"");
  }

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    if (s_.of == "sigma")
      return s_.span.times("grid beta", schedule, n, [this](double u, double high, double low) {
        return std::log(std::lerp(low, high, quantile(1 - u)));
      });
    const int64_t states = schedule.states();
    if (states > 0) {
      check_states("grid beta", schedule, n);
    } else {
      check_steps("grid beta", n);
    }
    std::vector<double> out;
    for (int64_t j = 0; j < n; ++j) {
      // 1 - j (1/n), in NumPy's order of operations
      const double share = quantile(1 - static_cast<double>(j) * (1 / static_cast<double>(n)));
      out.push_back(states > 0 ? 1 + std::nearbyint(share * static_cast<double>(states - 1))
                               : std::lerp(schedule.t_min(), 1.0, share));
      if (j > 0 && out.back() == out[out.size() - 2])
        fail(Code::usage, "grid beta", "steps", "so few that no two of them fall on one state",
             fmt::format("{}, of which steps {} and {} begin at state {} of {}", n, j, j + 1, out.back(), states));
    }
    if (states > 0) return falling("grid beta", times_of_states(schedule, out));
    out.push_back(0);
    return falling("grid beta", out);
  }

 private:
  double quantile(double p) const { return beta_quantile(p, s_.alpha, s_.beta); }

  Settings s_;
};

}  // namespace

Entry beta() {
  Entry entry;
  entry.name = "beta";
  entry.summary = "Quantiles of a Beta distribution: more of the steps at both ends, then 0";
  entry.source = "Lee et al. 2024, Beta Sampling is All You Need, section 4";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Beta>(s); });
}

}  // namespace roulade::grid
