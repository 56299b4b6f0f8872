// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/update.hpp"
#include "roulade/schedule/forward.hpp"

#include <cmath>

namespace roulade {
namespace {

constexpr double kRounding = 1e-9;  // of a state that is a whole number but for rounding

struct Settings {
  double gamma = 0.3;

  void bind(Binder& b) {
    b.add("gamma", gamma, between(0, 1),
          "how far beyond s, as a share of s, the step goes before fresh noise brings it back");
  }
};

class Tcd final : public Sampler {
 public:
  explicit Tcd(const Settings& settings) : gamma_(settings.gamma) {}

  /// Along the trajectory to s' = (1 - gamma) s, then up to s by fresh noise.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Denoised denoised = context.denoise(x_t, t);
    if (schedule.sigma(s) == 0) return denoised.x0;
    const double beyond = beyond_of(schedule, s);
    const Level to = level(schedule, beyond);
    const Sum x = renoise(denoised, x_t, level(schedule, t), to.alpha, to.sigma);
    if (!(beyond < s)) return context.make(x);
    const Transition up = transition(schedule, beyond, s);
    return context.make(Sum().add(up.scale, x).add(up.deviation, context.noise(x_t)));
  }

 private:
  /// On a discrete schedule the state below, counted from the first one with noise, which is where gamma = 1 ends.
  double beyond_of(const Schedule& schedule, double s) const {
    const auto states = static_cast<double>(schedule.states());
    if (gamma_ == 0 || s * states < 1) return (1 - gamma_) * s;
    return (std::floor((1 - gamma_) * (s * states - 1) + kRounding) + 1) / states;
  }

  double gamma_;
};

}  // namespace

namespace sampler {

Entry tcd() {
  Entry entry;
  entry.name = "tcd";
  entry.summary = "Trajectory consistency sampling: beyond s along the trajectory and back by noise; for such models";
  entry.source = "Zheng et al. 2024 (TCD), algorithm 4 (strategic stochastic sampling)";
  entry.facts = {.stochastic = true, .calls = 1, .last_calls = 1, .consistency = true};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Tcd>(s); });
}

}  // namespace sampler
}  // namespace roulade
