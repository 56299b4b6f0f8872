// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/schedule.hpp"
#include "roulade/schedule/time.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace roulade::schedule {
namespace {

struct Settings {
  double sigma_min = 0.002, sigma_max = 80;
  void bind(Binder& b) {
    b.add("sigma_min", sigma_min, above(0), "smallest noise that a network is trained at; sets t_min alone");
    b.add("sigma_max", sigma_max, above(0), "noise at t = 1");
  }
};

/// alpha = 1, sigma(t) = sigma_max t.
class Edm final : public Schedule {
 public:
  explicit Edm(const Settings& s) : sigma_max_(s.sigma_max), t_min_(s.sigma_min / s.sigma_max) {
    if (!(s.sigma_min < s.sigma_max))
      fail(Code::usage, "schedule edm", "sigma_min", fmt::format("below sigma_max = {}", s.sigma_max),
           fmt::format("{}", s.sigma_min));
  }

  double alpha(double t) const override { return checked_time(t), 1; }
  double sigma(double t) const override { return sigma_max_ * checked_time(t); }
  double log_snr(double t) const override { return -2 * std::log(sigma(t)); }
  double time_of(double log_snr) const override {
    return std::min(1.0, std::exp(-0.5 * checked_log_snr(log_snr)) / sigma_max_);
  }
  Family family() const override { return Family::variance_exploding; }
  double t_min() const override { return t_min_; }
  double network_time(double t) const override { return 1000 * checked_time(t); }
  double prior_deviation() const override { return sigma_max_; }

 private:
  double sigma_max_, t_min_;
};

}  // namespace

Entry edm() {
  Entry entry;
  entry.name = "edm";
  entry.summary = "Continuous, variance exploding: x_t = x_0 + sigma_max t eps";
  entry.source = "Karras et al. 2022, Elucidating the Design Space of Diffusion-Based Generative Models, table 1";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Edm>(s); });
}

}  // namespace roulade::schedule
