// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/ancestral.hpp"
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/update.hpp"

#include <cmath>

namespace roulade {
namespace {

struct Settings {
  double eta = 1;
  double s_noise = 1;

  void bind(Binder& b) {
    b.add("eta", eta, between(0, 1), "noise of the SDE: 0 = the ODE, 1 = the reverse of the forward process");
    bind_noise(b, s_noise);
  }
};

class DpmppSde final : public Sampler {
 public:
  explicit DpmppSde(const Settings& settings) : set_(settings) {}

  /// A first-order step to halfway in lambda = log(alpha / sigma), and the whole step along the estimate there, both
  /// with the noise of one Brownian motion. From lambda = -infinity there is no half: the step is Euler's.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Level from = level(schedule, t), to = level(schedule, s);
    const Tensor x0 = context.denoise(x_t, t).x0;
    if (to.sigma == 0) return x0;
    const Ancestral noise = ancestral(Space::ve, schedule, t, s, set_.eta);
    if (from.alpha == 0) {
      Sum x_s = renoise(x0, x_t, from, to.alpha, noise.kept);
      if (noise.fresh > 0) x_s.add(noise.fresh * set_.s_noise, context.brownian(x_t, t, s));
      return context.make(x_s);
    }

    const double log_snr_t = schedule.log_snr(t), log_snr_s = schedule.log_snr(s);
    const double middle = schedule.time_of((log_snr_t + log_snr_s) / 2);
    const Level between = level(schedule, middle);
    const Ancestral half = ancestral(Space::ve, schedule, t, middle, set_.eta);
    Sum to_middle = renoise(x0, x_t, from, between.alpha, half.kept);
    Tensor z;
    if (half.fresh > 0) {
      z = context.brownian(x_t, t, middle, 0);
      to_middle.add(half.fresh * set_.s_noise, z);
    }
    const Tensor x_middle = context.make(to_middle);
    Sum x_s = renoise(context.denoise(x_middle, middle).x0, x_t, from, to.alpha, noise.kept);
    if (noise.fresh == 0) return context.make(x_s);
    // Of the whole increment's variance the first half has (snr_m - snr_t) / (snr_s - snr_t), = 1 / (1 + snr_m /
    // snr_t).
    const double first = 1 / (1 + std::exp((log_snr_s - log_snr_t) / 2));
    x_s.add(noise.fresh * set_.s_noise * std::sqrt(first), z);
    x_s.add(noise.fresh * set_.s_noise * std::sqrt(1 - first), context.brownian(x_t, middle, s, 1));
    return context.make(x_s);
  }

 private:
  Settings set_;
};

}  // namespace

namespace sampler {

Entry dpmpp_sde() {
  Entry entry;
  entry.name = "dpmpp_sde";
  entry.summary =
      "DPM-Solver++ for the reverse SDE, one middle estimate a step; results converge along a Brownian path";
  entry.source = "Lu et al. 2022b, section 5, with the midpoint of its algorithm 1, as k-diffusion's DPM++ SDE sampler";
  entry.facts = {.stochastic = true,
                 .local_order = 3,
                 .start_order = 3,
                 .global_order = 2,
                 .calls = 2,
                 .last_calls = 1,
                 .starts_as_euler = true,
                 .strong_order = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const DpmppSde>(s); });
}

}  // namespace sampler
}  // namespace roulade
