// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/steps.hpp"

#include <cmath>

namespace roulade::grid {
namespace {

/// log_snr(t_j) evenly spaced from the noisiest time with signal to t_min, then 0. n = 1: the noisiest alone.
class LogSnr final : public Grid {
 public:
  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    check_steps("grid log_snr", n);
    const double first = last_with_signal(schedule), last = schedule.t_min();
    const double low = schedule.log_snr(first), high = schedule.log_snr(last);
    std::vector<double> out{first};
    for (int64_t j = 1; j < n - 1; ++j)
      out.push_back(schedule.time_of(std::lerp(low, high, static_cast<double>(j) / static_cast<double>(n - 1))));
    if (n > 1) out.push_back(last);
    out.push_back(0);
    return falling("grid log_snr", out);
  }
};

}  // namespace

Entry log_snr() {
  Entry entry;
  entry.name = "log_snr";
  entry.summary = "log_snr evenly spaced, then 0";
  entry.source = "Lu et al. 2022, DPM-Solver: A Fast ODE Solver for Diffusion Probabilistic Models, section 3.4";
  entry.make = [](Binder&) { return std::make_unique<const LogSnr>(); };
  return entry;
}

}  // namespace roulade::grid
