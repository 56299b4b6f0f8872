// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/schedule/schedule.hpp"

#include <functional>
#include <string_view>
#include <vector>

namespace roulade {

/// log(sigma / alpha) at the share u of the way, 0 at sigma_max and 1 at sigma_min.
using LogRatio = std::function<double(double u, double sigma_max, double sigma_min)>;

/// The ends of a grid that is laid out in sigma / alpha, as the options that all of them share.
struct RatioSpan {
  double sigma_min = 0, sigma_max = 0;

  void bind(Binder& b);
  /// t_j where log(sigma / alpha) = log_ratio(j / (n - 1)), j < n, then 0; n = 1: sigma_max alone. The schedule's own
  /// ends come back as its own times. Throws Error(usage) where sigma_max is above the schedule's, sigma_min not below
  /// sigma_max, or two neighbours are equal.
  std::vector<double> times(std::string_view where, const Schedule& schedule, int64_t n,
                            const LogRatio& log_ratio) const;
};

}  // namespace roulade
