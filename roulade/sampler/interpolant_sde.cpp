// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/space.hpp"
#include "roulade/sampler/update.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace roulade {
namespace {

struct Settings {
  std::string diffusion = "sigma";
  double diffusion_scale = 1;

  void bind(Binder& b) {
    b.add("diffusion", diffusion, {"sigma", "sine", "constant", "kl"},
          "noise w(r) at r = sigma / (alpha + sigma): r, sin(pi r)^2, 1, or 2 r / (1 - r) (the reverse of the forward "
          "process)");
    b.add("diffusion_scale", diffusion_scale, at_least(0), "factor of w; 0 = the ODE");
  }
};

class InterpolantSde final : public Sampler {
 public:
  explicit InterpolantSde(const Settings& settings) : set_(settings) {}

  /// dy = (eps - x0 - w / 2 score) dr + sqrt(w) dW backwards in r, for y = (1 - r) x_0 + r eps = x / (alpha + sigma).
  /// The step adds noise of variance w (r_t - r_s), at most r_s^2, and leaves as much of eps as gives the level r_s:
  /// Euler and Maruyama's step to first order, which would overshoot the level at second.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Level from = level(schedule, t), to = level(schedule, s);
    const Denoised denoised = context.denoise(x_t, t);
    if (to.sigma == 0) return denoised.x0;
    const double r_t = coordinates(Space::flow, schedule, t).u, r_s = coordinates(Space::flow, schedule, s).u;
    const double fresh = to.sigma * std::min(1.0, std::sqrt(w(r_t) * (r_t - r_s)) / r_s);
    if (fresh == 0) return context.make(renoise(denoised, x_t, from, to.alpha, to.sigma));
    const double kept = std::sqrt((to.sigma - fresh) * (to.sigma + fresh));
    return context.make(renoise(denoised, x_t, from, to.alpha, kept).add(fresh, context.brownian(x_t, t, s)));
  }

 private:
  double w(double r) const {
    if (set_.diffusion_scale == 0 || set_.diffusion == "constant") return set_.diffusion_scale;
    if (set_.diffusion == "sine") return set_.diffusion_scale * std::pow(std::sin(std::numbers::pi * r), 2);
    return set_.diffusion_scale * (set_.diffusion == "sigma" ? r : 2 * r / (1 - r));  // infinite at r = 1
  }

  Settings set_;
};

}  // namespace

namespace sampler {

Entry interpolant_sde() {
  Entry entry;
  entry.name = "interpolant_sde";
  entry.summary = "SDE of the stochastic interpolant with any amount of noise w, in a flow's coordinates";
  entry.source = "Ma et al. 2024 (SiT), section 2, its choices of w_t; Albergo et al. 2023";
  entry.facts = {.stochastic = true,
                 .local_order = 2,
                 .start_order = 2,
                 .global_order = 1,
                 .calls = 1,
                 .last_calls = 1,
                 .strong_order = 1};
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const InterpolantSde>(s); });
}

}  // namespace sampler
}  // namespace roulade
