// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/steps.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade::grid {
namespace {

constexpr const char* kWhere = "grid linear_quadratic";

struct Settings {
  double threshold = 0.025;
  int64_t linear_steps = 0;
  void bind(Binder& b) {
    b.add("threshold", threshold, {0, 1, true}, "share of the noise that the even steps take away, below 1");
    b.add("linear_steps", linear_steps, at_least(0), "even steps at the start; 0: half of all, rounded down");
  }
};

/// Noise taken away after j steps, m of them even with c = threshold: c j/m for j <= m; beyond, the parabola that goes
/// on from there in value and slope and reaches 1 at j = n. The rest is sigma of a flow; of other schedules
/// sigma/alpha, in parts of the largest.
class LinearQuadratic final : public Grid {
 public:
  explicit LinearQuadratic(const Settings& s) : s_(s) {
    if (s.threshold == 1) fail(Code::usage, kWhere, "threshold", "below 1", "1");
  }

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    check_steps(kWhere, n);
    const int64_t even = s_.linear_steps > 0 ? s_.linear_steps : n / 2;
    if (even >= n && n > 1)
      fail(Code::usage, kWhere, "linear_steps", fmt::format("below {} steps", n), fmt::format("{}", even));
    const bool flow = schedule.family() == Schedule::Family::flow;
    std::vector<double> out{flow ? 1 : last_with_signal(schedule)};
    const double log_most = flow ? 0 : -0.5 * schedule.log_snr(out[0]);
    for (int64_t j = 1; j < n; ++j) {
      const double left = 1 - taken(static_cast<double>(j), static_cast<double>(even), static_cast<double>(n));
      if (!(left > 0 && left < 1))
        fail(Code::usage, kWhere, "threshold and linear_steps", "a noise level that falls",
             fmt::format("{} of the largest after step {}", left, j));
      out.push_back(schedule.time_of(-2 * (std::log(left) + (flow ? -std::log1p(-left) : log_most))));
    }
    out.push_back(0);
    return trained(kWhere, schedule, falling(kWhere, out));
  }

 private:
  double taken(double j, double even, double n) const {
    const double slope = s_.threshold / even;
    if (j <= even) return slope * j;
    const double x = j - even, rest = n - even;
    return s_.threshold + slope * x + (1 - s_.threshold - slope * rest) * (x / rest) * (x / rest);
  }

  Settings s_;
};

}  // namespace

Entry linear_quadratic() {
  Entry entry;
  entry.name = "linear_quadratic";
  entry.summary = "Small even steps at high noise, then quadratically growing ones to 0";
  entry.source = "Genmo 2024, Mochi 1, released code; Polyak et al. 2024, Movie Gen, section 3.4.2";
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const LinearQuadratic>(s); });
}

}  // namespace roulade::grid
