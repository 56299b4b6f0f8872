// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/dpm_solver.hpp"

#include <cmath>

namespace roulade {
namespace {

double log_ratio(const Schedule& schedule, double t, double s) {
  return (schedule.log_snr(s) - schedule.log_snr(t)) / 2;
}

DpmStage first_order(const Schedule& schedule, double t, double s) {
  const double keep = schedule.sigma(s) / schedule.sigma(t);
  return {.t = s,
          .keep = keep,
          .gain = schedule.alpha(s) - keep * schedule.alpha(t),
          .snr_root = schedule.alpha(s) / schedule.sigma(s)};
}

double second_order(const Schedule& schedule, double s, double h, double r1) {
  return -schedule.sigma(s) * std::expm1(h) / (2 * r1);
}

/// (e^h - 1) / h - 1.
double excess(double h) { return h == 0 ? 0 : std::expm1(h) / h - 1; }

}  // namespace

std::vector<DpmStage> dpm_stages(int64_t order, const Schedule& schedule, double t, double s) {
  DpmStage end = first_order(schedule, t, s);
  if (order == 1) return {end};
  const double h = log_ratio(schedule, t, s);
  const auto inner = [&](double r) {
    return first_order(schedule, t, h == 0 ? s : schedule.time_of(schedule.log_snr(t) + 2 * r * h));
  };
  if (order == 2) {
    end.extra = second_order(schedule, s, h, 0.5);
    return {inner(0.5), end};
  }
  const double r1 = 1 / 3.0, r2 = 2 / 3.0;
  DpmStage middle = inner(r2);
  middle.again = -r2 / r1 * excess(r2 * h);
  middle.extra = schedule.sigma(middle.t) * middle.again;
  end.extra = -schedule.sigma(s) / r2 * excess(h);
  return {inner(r1), middle, end};
}

DpmStage dpm_lower_end(int64_t order, const Schedule& schedule, double t, double s) {
  DpmStage end = first_order(schedule, t, s);
  if (order == 3) end.extra = second_order(schedule, s, log_ratio(schedule, t, s), 1 / 3.0);
  return end;
}

}  // namespace roulade
