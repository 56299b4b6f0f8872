// SPDX-License-Identifier: Apache-2.0
#include "roulade/denoiser/reverse_step.hpp"
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/update.hpp"
#include "roulade/schedule/forward.hpp"

#include <array>

namespace roulade {
namespace {

struct Settings {
  std::string variance = "posterior";

  void bind(Binder& b) {
    b.add("variance", variance, {"posterior", "beta"},
          "of the added noise: that of q(x_s | x_t, x_0), or that of the chain's step; a learned one is used where the "
          "network gives it");
  }
};

class Ddpm final : public Sampler {
 public:
  explicit Ddpm(const Settings& settings) : posterior_(settings.variance == "posterior") {}

  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Denoised denoised = context.denoise(x_t, t);
    if (schedule.sigma(s) == 0) return denoised.x0;
    const Posterior q = posterior(schedule, s, t);
    Sum x_s = Sum(q.of_x_t, x_t).add(q.of_x0, denoised.x0);
    const Tensor noise = context.noise(x_t);
    if (denoised.variance_share) {
      const std::array step{t, s};
      const Tensor log_variance = learned_log_variance(step_variances(schedule, step)[0], *denoised.variance_share);
      return context.make(x_s.add(1, log_variance.mul(0.5).exp_().mul_(noise)));
    }
    return context.make(x_s.add(posterior_ ? q.deviation : transition(schedule, s, t).deviation, noise));
  }

 private:
  bool posterior_;
};

}  // namespace

namespace sampler {

Entry ddpm() {
  Entry entry;
  entry.name = "ddpm";
  entry.summary = "Ancestral sampling: draws x_s from the posterior at the estimated x_0";
  entry.source = "Ho et al. 2020, algorithm 2; steps over several states: Nichol and Dhariwal 2021, section 4";
  entry.facts = {
      .stochastic = true, .local_order = 2, .start_order = 2, .global_order = 1, .calls = 1, .last_calls = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Ddpm>(s); });
}

}  // namespace sampler
}  // namespace roulade
