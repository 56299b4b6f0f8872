// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/schedule.hpp"
#include "roulade/schedule/time.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace roulade::schedule {
namespace {

constexpr double kQuarter = 0.5 * std::numbers::pi;

struct Settings {
  double s = 0.008, t_min = 1e-3;
  void bind(Binder& b) {
    b.add("s", s, between(0, 1), "offset that keeps the first noise from vanishing; 0: alpha = cos(pi t / 2)");
    b.add("t_min", t_min, {0, 0.5, true}, "smallest time that a network is trained at");
  }
};

/// alpha = cos(a(t)) / cos(a(0)), sigma^2 = 1 - alpha^2, a(t) = (t + s) / (1 + s) pi/2. No signal is left at t = 1.
class CosineContinuous final : public Schedule {
 public:
  explicit CosineContinuous(const Settings& s)
      : rate_(kQuarter / (1 + s.s)), start_(s.s * rate_), cos_start_(std::cos(start_)), t_min_(s.t_min) {}

  double alpha(double t) const override { return std::sin(rate_ * (1 - checked_time(t))) / cos_start_; }
  double sigma(double t) const override {
    if (checked_time(t) == 1) return 1;
    // cos(a)^2 - cos(b)^2 = sin(b - a) sin(b + a)
    return std::sqrt(std::sin(rate_ * t) * std::sin(rate_ * t + 2 * start_)) / cos_start_;
  }
  double log_snr(double t) const override { return 2 * std::log(alpha(t) / sigma(t)); }
  double time_of(double log_snr) const override {
    const double noise = 1 / (1 + std::exp(checked_log_snr(log_snr)));  // sigma^2
    const double signal = 1 / (1 + std::exp(-log_snr));
    if (signal < 0.5) return 1 - std::asin(std::sqrt(signal) * cos_start_) / rate_;
    const double sin_start = std::sin(start_);
    const double angle = std::asin(std::sqrt(sin_start * sin_start + noise * cos_start_ * cos_start_));
    if (angle == 0) return 0;
    return std::asin(noise * cos_start_ * cos_start_ / std::sin(angle + start_)) / rate_;
  }
  Family family() const override { return Family::variance_preserving; }
  double t_min() const override { return t_min_; }
  double network_time(double t) const override { return 1000 * checked_time(t); }
  double prior_deviation() const override { return 1; }

 private:
  double rate_, start_, cos_start_, t_min_;
};

}  // namespace

Entry cosine_continuous() {
  Entry entry;
  entry.name = "cosine_continuous";
  entry.summary = "Continuous, variance preserving: alpha a cosine of t, no signal at t = 1";
  entry.source = "Nichol and Dhariwal 2021, eq. 17, for real t; s = 0: Salimans and Ho 2022, section 2";
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const CosineContinuous>(s); });
}

}  // namespace roulade::schedule
