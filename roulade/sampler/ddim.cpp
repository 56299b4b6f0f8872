// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/update.hpp"
#include "roulade/schedule/forward.hpp"

#include <cmath>

namespace roulade {
namespace {

struct Settings {
  double eta = 0;

  void bind(Binder& b) {
    b.add("eta", eta, between(0, 1), "noise added in each step: 0 = none, 1 = as much as ddpm's posterior variance");
  }
};

class Ddim final : public Sampler {
 public:
  explicit Ddim(const Settings& settings) : eta_(settings.eta) {}

  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Level from = level(schedule, t), to = level(schedule, s);
    const Denoised denoised = context.denoise(x_t, t);
    if (to.sigma == 0) return denoised.x0;
    if (eta_ == 0) return context.make(renoise(denoised, x_t, from, to.alpha, to.sigma));
    const double fresh = eta_ * posterior(schedule, s, t).deviation;
    const double kept = std::sqrt((to.sigma - fresh) * (to.sigma + fresh));
    return context.make(renoise(denoised, x_t, from, to.alpha, kept).add(fresh, context.noise(x_t)));
  }

 private:
  double eta_;
};

}  // namespace

namespace sampler {

Entry ddim() {
  Entry entry;
  entry.name = "ddim";
  entry.summary = "Denoises, then noises again along the estimated eps; eta mixes in fresh noise";
  entry.source = "Song et al. 2021a (DDIM), eq. 12 and 16";
  entry.facts = {
      .stochastic = false, .local_order = 2, .start_order = 2, .global_order = 1, .calls = 1, .last_calls = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Ddim>(s); });
}

}  // namespace sampler
}  // namespace roulade
