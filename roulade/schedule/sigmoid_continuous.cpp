// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/schedule.hpp"
#include "roulade/schedule/time.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade::schedule {
namespace {

struct Settings {
  double start = -3, end = 3, tau = 1, t_min = 1e-3;
  void bind(Binder& b) {
    b.add("start", start, between(-20, 20), "argument of the logistic curve at t = 0");
    b.add("end", end, between(-20, 20), "argument of the logistic curve at t = 1");
    b.add("tau", tau, {0.1, 100, false}, "both are divided by this");
    b.add("t_min", t_min, {0, 0.5, true}, "smallest time that a network is trained at");
  }
};

/// abar = (S(e) - S(x)) / (S(e) - S(s)), S the logistic curve, x = s + t (e - s), s = start / tau, e = end / tau.
/// S(b) - S(a) = sinh((b - a)/2) / (2 cosh(a/2) cosh(b/2)), so neither abar nor 1 - abar cancels.
class SigmoidContinuous final : public Schedule {
 public:
  explicit SigmoidContinuous(const Settings& s)
      : half_start_(0.5 * s.start / s.tau),
        half_end_(0.5 * s.end / s.tau),
        width_(half_end_ - half_start_),
        t_min_(s.t_min) {
    if (!(width_ > 0))
      fail(Code::usage, "schedule sigmoid_continuous", "end", fmt::format("above start = {}", s.start),
           fmt::format("{}", s.end));
  }

  double alpha(double t) const override {
    if (checked_time(t) == 0) return 1;
    return std::sqrt(signal(t) / (signal(t) + noise(t)));
  }
  double sigma(double t) const override {
    if (checked_time(t) == 1) return 1;
    return std::sqrt(noise(t) / (signal(t) + noise(t)));
  }
  double log_snr(double t) const override { return std::log(signal(checked_time(t)) / noise(t)); }
  double time_of(double log_snr) const override {
    // snr cosh(e/2) / cosh(s/2) = sinh(w (1 - t)) / sinh(w t) = sinh(w) coth(w t) - cosh(w)
    const double log_ratio =
        checked_log_snr(log_snr) + std::log(std::cosh(half_end_)) - std::log(std::cosh(half_start_));
    const double small = std::exp(-std::abs(log_ratio));
    const double near = 0.5 * (std::log1p(std::exp(width_) * small) - std::log1p(std::exp(-width_) * small)) / width_;
    return log_ratio > 0 ? near : 1 - near;
  }
  Family family() const override { return Family::variance_preserving; }
  double t_min() const override { return t_min_; }
  double network_time(double t) const override { return 1000 * checked_time(t); }
  double prior_deviation() const override { return 1; }

 private:
  /// abar and 1 - abar up to one common factor.
  double signal(double t) const { return std::sinh(width_ * (1 - t)) * std::cosh(half_start_); }
  double noise(double t) const { return std::sinh(width_ * t) * std::cosh(half_end_); }

  double half_start_, half_end_, width_, t_min_;
};

}  // namespace

Entry sigmoid_continuous() {
  Entry entry;
  entry.name = "sigmoid_continuous";
  entry.summary = "Continuous, variance preserving: abar a logistic curve of t, no signal at t = 1";
  entry.source = "Jabri et al. 2022, Scalable Adaptive Computation for Iterative Generation; Chen 2023, code 1";
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const SigmoidContinuous>(s); });
}

}  // namespace roulade::schedule
