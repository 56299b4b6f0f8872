// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/schedule.hpp"
#include "roulade/schedule/time.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace roulade::schedule {
namespace {

struct Settings {
  double beta_min = 0.1, beta_max = 20, t_min = 1e-3;
  void bind(Binder& b) {
    b.add("beta_min", beta_min, above(0), "rate of noise at t = 0");
    b.add("beta_max", beta_max, above(0), "rate of noise at t = 1");
    b.add("t_min", t_min, {0, 0.5, true}, "smallest time that a network is trained at");
  }
};

/// alpha^2 = exp(-B(t)), sigma^2 = 1 - alpha^2, B(t) = beta_min t + (beta_max - beta_min) t^2 / 2.
class Vp final : public Schedule {
 public:
  explicit Vp(const Settings& s) : beta_min_(s.beta_min), rise_(s.beta_max - s.beta_min), t_min_(s.t_min) {
    if (rise_ < 0)
      fail(Code::usage, "schedule vp", "beta_max", fmt::format("beta_min = {} or more", s.beta_min),
           fmt::format("{}", s.beta_max));
  }

  double alpha(double t) const override { return std::exp(-0.5 * integral(t)); }
  double sigma(double t) const override { return std::sqrt(std::abs(std::expm1(-integral(t)))); }
  double log_snr(double t) const override {
    const double b = integral(t);
    return -b - std::log(std::abs(std::expm1(-b)));
  }
  double time_of(double log_snr) const override {
    checked_log_snr(log_snr);
    // B = log(1 + 1/snr), then the root of the quadratic that does not cancel
    const double b = log_snr > 0 ? std::log1p(std::exp(-log_snr)) : std::log1p(std::exp(log_snr)) - log_snr;
    if (b >= integral(1)) return 1;
    return 2 * b / (beta_min_ + std::sqrt(beta_min_ * beta_min_ + 2 * rise_ * b));
  }
  Family family() const override { return Family::variance_preserving; }
  double t_min() const override { return t_min_; }
  double network_time(double t) const override { return 1000 * checked_time(t); }
  double prior_deviation() const override { return 1; }

 private:
  double integral(double t) const { return checked_time(t) * (beta_min_ + 0.5 * rise_ * t); }

  double beta_min_, rise_, t_min_;
};

}  // namespace

Entry vp() {
  Entry entry;
  entry.name = "vp";
  entry.summary = "Continuous, variance preserving: the rate of noise grows linearly in t";
  entry.source = "Song et al. 2021, Score-Based Generative Modeling through SDEs, eq. 32";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Vp>(s); });
}

}  // namespace roulade::schedule
