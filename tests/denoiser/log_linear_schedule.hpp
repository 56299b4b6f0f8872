// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/schedule/schedule.hpp"

#include <cmath>

namespace roulade::testing {

/// log_snr(t) = 12 - 24 t in any family, so that every noise level from -12 to 12 has a time; t = 0 is clean and t = 1
/// is noise alone (infinite log_snr) where the family has such ends.
class LogLinearSchedule final : public Schedule {
 public:
  explicit LogLinearSchedule(Family family) : family_(family) {}

  double alpha(double t) const override {
    if (family_ == Family::variance_exploding || t == 0) return 1;
    if (t == 1) return 0;
    const double ratio = std::exp(-log_snr(t) / 2);  // sigma / alpha
    return family_ == Family::flow ? 1 / (1 + ratio) : 1 / std::hypot(1, ratio);
  }
  double sigma(double t) const override {
    if (t == 0) return 0;
    if (t == 1 && family_ != Family::variance_exploding) return 1;
    const double ratio = std::exp(-log_snr(t) / 2);
    return family_ == Family::variance_exploding ? ratio : ratio * alpha(t);
  }
  double log_snr(double t) const override {
    if (t == 0) return INFINITY;
    if (t == 1 && family_ != Family::variance_exploding) return -INFINITY;
    return 12 - 24 * t;
  }
  double time_of(double log_snr) const override { return std::fmin(1, std::fmax(0, (12 - log_snr) / 24)); }
  Family family() const override { return family_; }
  double t_min() const override { return 0.01; }
  double network_time(double t) const override { return 100 * t; }
  double prior_deviation() const override { return sigma(1); }

 private:
  Family family_;
};

constexpr Schedule::Family kFamilies[] = {Schedule::Family::variance_preserving, Schedule::Family::variance_exploding,
                                          Schedule::Family::flow};

}  // namespace roulade::testing
