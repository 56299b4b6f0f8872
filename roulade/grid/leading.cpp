// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/steps.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace roulade::grid {
namespace {

struct Settings {
  int64_t steps_offset = 0, left_out = 0;
  void bind(Binder& b) {
    b.add("steps_offset", steps_offset, at_least(0),
          "discrete: added to every state; 0 as DDIM, 1 as Stable Diffusion's configuration");
    b.add("left_out", left_out, at_least(0),
          "discrete: strides below the last step that its jump to 0 takes too; 1 as diffusers' DPM-Solver classes");
  }
};

/// Discrete: the states 1 + offset + (n - 1 - j + m) floor(T/(n + m)), j < n, m = left_out, then 0. Continuous:
/// t_j = (n - 1 - j)/n + t_min. It never visits t = 1 with n > 1 unless n = T: kept for networks whose published
/// samples used it.
class Leading final : public Grid {
 public:
  explicit Leading(const Settings& s) : offset_(s.steps_offset), left_out_(s.left_out) {}

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    return schedule.states() > 0 ? discrete(schedule, n) : continuous(schedule, n);
  }

 private:
  std::vector<double> discrete(const Schedule& schedule, int64_t n) const {
    check_states("grid leading", schedule, n);
    check_states("grid leading", schedule, n + left_out_);
    const int64_t stride = schedule.states() / (n + left_out_), first = 1 + offset_ + (n - 1 + left_out_) * stride;
    if (first > schedule.states())
      fail(Code::usage, "grid leading", fmt::format("first state of {} steps with steps_offset {}", n, offset_),
           fmt::format("{} or less", schedule.states()), fmt::format("{}", first));
    std::vector<double> states;
    for (int64_t j = 0; j < n; ++j) states.push_back(static_cast<double>(first - j * stride));
    return falling("grid leading", times_of_states(schedule, states));
  }

  static std::vector<double> continuous(const Schedule& schedule, int64_t n) {
    check_steps("grid leading", n, static_cast<int64_t>(std::min(1e6, 1 / schedule.t_min())));
    std::vector<double> out;
    for (int64_t j = 0; j < n; ++j)
      out.push_back(std::min(1.0, static_cast<double>(n - 1 - j) / static_cast<double>(n) + schedule.t_min()));
    out.push_back(0);
    return falling("grid leading", out);
  }

  int64_t offset_, left_out_;
};

}  // namespace

Entry leading() {
  Entry entry;
  entry.name = "leading";
  entry.summary = "Equal strides up from the least noise: begins below t = 1, then 0";
  entry.source = "Lin et al. 2023, Common Diffusion Noise Schedules and Sample Steps are Flawed, table 2";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Leading>(s); });
}

}  // namespace roulade::grid
