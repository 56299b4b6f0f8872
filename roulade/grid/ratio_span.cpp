// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/ratio_span.hpp"

#include "roulade/core/error.hpp"
#include "roulade/grid/steps.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade {

void RatioSpan::bind(Binder& b) {
  b.add("sigma_min", sigma_min, at_least(0), "sigma/alpha of the last step before 0; 0: the schedule's at t_min");
  b.add("sigma_max", sigma_max, at_least(0),
        "sigma/alpha of the first step; 0: the schedule's largest (finite) one, else no larger than that");
}

std::vector<double> RatioSpan::times(std::string_view where, const Schedule& schedule, int64_t n,
                                     const LogRatio& log_ratio) const {
  check_steps(where, n);
  const auto ratio = [&schedule](double t) { return std::exp(-0.5 * schedule.log_snr(t)); };
  const double first = last_with_signal(schedule);
  const double high = sigma_max > 0 ? sigma_max : ratio(first);
  const double low = sigma_min > 0 ? sigma_min : ratio(schedule.t_min());
  if (const double most = ratio(1); high > most * (1 + 1e-9))
    fail(Code::usage, where, "sigma_max", fmt::format("at most {}, the schedule's", most), fmt::format("{}", high));
  if (n > 1 && !(low < high))
    fail(Code::usage, where, "sigma_min", fmt::format("below sigma_max = {}", high), fmt::format("{}", low));
  std::vector<double> out;
  for (int64_t j = 0; j < n; ++j) {
    const double u = n > 1 ? static_cast<double>(j) / static_cast<double>(n - 1) : 0;
    out.push_back(schedule.time_of(-2 * log_ratio(u, high, low)));
  }
  if (sigma_max == 0) out.front() = first;  // not their roundings
  if (sigma_min == 0 && n > 1) out.back() = schedule.t_min();
  out.push_back(0);
  return falling(where, out);
}

}  // namespace roulade
