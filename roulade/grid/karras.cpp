// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/steps.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade::grid {
namespace {

struct Settings {
  double rho = 7, sigma_min = 0, sigma_max = 0;
  void bind(Binder& b) {
    b.add("rho", rho, above(0), "larger: more of the steps at low noise");
    b.add("sigma_min", sigma_min, at_least(0), "sigma/alpha of the last step before 0; 0: the schedule's at t_min");
    b.add("sigma_max", sigma_max, at_least(0),
          "sigma/alpha of the first step; 0: the schedule's largest (finite) one, else no larger than that");
  }
};

/// sigma_j = (sigma_max^(1/rho) + j/(n-1) (sigma_min^(1/rho) - sigma_max^(1/rho)))^rho, t_j where sigma/alpha =
/// sigma_j, then 0. n = 1: sigma_max alone.
class Karras final : public Grid {
 public:
  explicit Karras(const Settings& s) : s_(s) {}

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    check_steps("grid karras", n);
    const auto ratio = [&schedule](double t) { return std::exp(-0.5 * schedule.log_snr(t)); };
    const double first = last_with_signal(schedule);
    const double sigma_max = s_.sigma_max > 0 ? s_.sigma_max : ratio(first);
    const double sigma_min = s_.sigma_min > 0 ? s_.sigma_min : ratio(schedule.t_min());
    if (const double most = ratio(1); sigma_max > most * (1 + 1e-9))
      fail(Code::usage, "grid karras", "sigma_max", fmt::format("at most {}, the schedule's", most),
           fmt::format("{}", sigma_max));
    if (n > 1 && !(sigma_min < sigma_max))
      fail(Code::usage, "grid karras", "sigma_min", fmt::format("below sigma_max = {}", sigma_max),
           fmt::format("{}", sigma_min));
    const double high = std::pow(sigma_max, 1 / s_.rho), low = std::pow(sigma_min, 1 / s_.rho);
    std::vector<double> out;
    for (int64_t j = 0; j < n; ++j) {
      const double u = n > 1 ? static_cast<double>(j) / static_cast<double>(n - 1) : 0;
      out.push_back(schedule.time_of(-2 * s_.rho * std::log(std::lerp(high, low, u))));
    }
    if (s_.sigma_max == 0) out.front() = first;  // not their roundings
    if (s_.sigma_min == 0 && n > 1) out.back() = schedule.t_min();
    out.push_back(0);
    return falling("grid karras", out);
  }

 private:
  Settings s_;
};

}  // namespace

Entry karras() {
  Entry entry;
  entry.name = "karras";
  entry.summary = "sigma^(1/rho) evenly spaced: short steps at low noise, then 0";
  entry.source = "Karras et al. 2022, Elucidating the Design Space of Diffusion-Based Generative Models, eq. 5";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Karras>(s); });
}

}  // namespace roulade::grid
