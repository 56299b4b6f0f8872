// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/update.hpp"

namespace roulade {
namespace {

struct Settings {
  void bind(Binder&) {}
};

// In y = x / alpha over u = sigma / alpha the slope is eps, in y = x / (alpha + sigma) over u = sigma / (alpha + sigma)
// (for flows: x over t) it is eps - x_0. Either way y_s = y_t + (u_s - u_t) slope, multiplied out, is
// x_s = alpha_s x_0 + sigma_s eps: the coordinates make no difference, so there is no option for them, and none is
// divided by.
class Euler final : public Sampler {
 public:
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Level from = level(context.schedule(), t), to = level(context.schedule(), s);
    const Denoised denoised = context.denoise(x_t, t);
    if (to.sigma == 0) return denoised.x0;
    return context.make(renoise(denoised, x_t, from, to.alpha, to.sigma));
  }
};

}  // namespace

namespace sampler {

Entry euler() {
  Entry entry;
  entry.name = "euler";
  entry.summary =
      "Euler's method on the probability-flow ODE, in x / alpha or, the same, in a flow's x; equals ddim at eta 0";
  entry.source = "Song et al. 2021b, eq. 13; Karras et al. 2022, eq. 1; for flows Lipman et al. 2023, eq. 1";
  entry.facts = {
      .stochastic = false, .local_order = 2, .start_order = 2, .global_order = 1, .calls = 1, .last_calls = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings&) { return std::make_unique<const Euler>(); });
}

}  // namespace sampler
}  // namespace roulade
