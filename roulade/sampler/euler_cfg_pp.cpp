// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/ancestral.hpp"
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/update.hpp"

namespace roulade {
namespace {

struct Settings {
  double eta = 0;
  double s_noise = 1;

  void bind(Binder& b) {
    b.add("eta", eta, between(0, 1), "noise added in each step: 0 = none, 1 = as much as euler_ancestral");
    bind_noise(b, s_noise);
  }
};

class EulerCfgPp final : public Sampler {
 public:
  explicit EulerCfgPp(const Settings& settings) : set_(settings) {}

  /// Towards the guided estimate with the unconditional one's noise: x_s = alpha_s x0 + kept eps + fresh z, with eps =
  /// (x_t - alpha_t x0_direction) / sigma_t. Without guidance that tells the two apart it is euler.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Level from = level(schedule, t), to = level(schedule, s);
    const Denoised denoised = context.denoise(x_t, t);
    if (to.sigma == 0) return denoised.x0;
    const Ancestral noise = ancestral(space_of("auto", schedule), schedule, t, s, set_.eta);
    Sum x_s = renoise(denoised, x_t, from, to.alpha, noise.kept);
    if (noise.fresh > 0) x_s.add(noise.fresh * set_.s_noise, context.noise(x_t));
    return context.make(x_s);
  }

 private:
  Settings set_;
};

}  // namespace

namespace sampler {

Entry euler_cfg_pp() {
  Entry entry;
  entry.name = "euler_cfg_pp";
  entry.summary = "Euler's step to the guided estimate with the unconditional noise: for guidance cfg_pp";
  entry.source = "Chung et al. 2024 (CFG++), algorithm 2; eta as in euler_ancestral";
  entry.facts = {
      .stochastic = false, .local_order = 2, .start_order = 2, .global_order = 1, .calls = 1, .last_calls = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const EulerCfgPp>(s); });
}

}  // namespace sampler
}  // namespace roulade
