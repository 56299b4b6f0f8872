// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/schedule.hpp"
#include "roulade/schedule/time.hpp"

#include <cmath>

namespace roulade::schedule {
namespace {

struct Settings {
  double shift = 1, t_min = 1e-3;
  void bind(Binder& b) {
    b.add("shift", shift, above(0), "above 1: more of the times at high noise, as large images need");
    b.add("t_min", t_min, {0, 0.5, true}, "smallest time that a network is trained at");
  }
};

/// sigma(t) = shift t / (1 + (shift - 1) t), alpha = 1 - sigma.
class Flow final : public Schedule {
 public:
  explicit Flow(const Settings& s) : shift_(s.shift), t_min_(s.t_min) {}

  double alpha(double t) const override { return (1 - checked_time(t)) / (1 + (shift_ - 1) * t); }
  double sigma(double t) const override { return shift_ * checked_time(t) / (1 + (shift_ - 1) * t); }
  double log_snr(double t) const override { return 2 * std::log((1 - checked_time(t)) / (shift_ * t)); }
  double time_of(double log_snr) const override { return 1 / (1 + shift_ * std::exp(0.5 * checked_log_snr(log_snr))); }
  Family family() const override { return Family::flow; }
  double t_min() const override { return t_min_; }
  /// 1000 sigma(t): the shifted time, as networks of shifted flows are told.
  double network_time(double t) const override { return 1000 * sigma(t); }
  double prior_deviation() const override { return 1; }

 private:
  double shift_, t_min_;
};

}  // namespace

Entry flow() {
  Entry entry;
  entry.name = "flow";
  entry.summary = "Continuous, rectified flow: x_t = (1 - t) x_0 + t eps, its time optionally shifted";
  entry.source = "Liu et al. 2022, Flow Straight and Fast, eq. 1; shift: Esser et al. 2024, eq. 23";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Flow>(s); });
}

}  // namespace roulade::schedule
