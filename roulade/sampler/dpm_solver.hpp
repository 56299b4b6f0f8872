// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/schedule/schedule.hpp"

#include <vector>

namespace roulade {

/// A stage of a singlestep DPM-Solver: x at time t is  keep x_t + gain x_0 + extra (eps_i - eps), where x_0 and eps are
/// the estimates at the step's beginning and eps_i is that of the stage before. With x_0' the estimate at that x, the
/// eps' of this stage has  eps' - eps = snr_root (x_0 - x_0') + again (eps_i - eps):  no difference of large numbers.
struct DpmStage {
  double t = 0;
  double keep = 1, gain = 0, extra = 0;
  double snr_root = 0, again = 0;  ///< alpha / sigma; extra / sigma
};

/// The stages of DPM-Solver-1, -2 (r1 = 1/2) or -3 (r1 = 1/3, r2 = 2/3) from t to s, the last at s.   alpha(t) > 0,
/// sigma(s) > 0, s <= t. Source: Lu et al. 2022a, algorithms 1 and 2, with x_0 for the first eps.
std::vector<DpmStage> dpm_stages(int64_t order, const Schedule& schedule, double t, double s);

/// The end of a step of one order less from the same stages, to compare with: order 2 has DPM-Solver-1; order 3 has
/// DPM-Solver-2 with r1 = 1/3, whose eps_i is that of the first stage. Source: ibid., appendix C.
DpmStage dpm_lower_end(int64_t order, const Schedule& schedule, double t, double s);

}  // namespace roulade
