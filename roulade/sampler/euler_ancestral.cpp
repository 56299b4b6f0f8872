// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/ancestral.hpp"
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/update.hpp"

namespace roulade {
namespace {

class EulerAncestral final : public Sampler {
 public:
  explicit EulerAncestral(const AncestralSettings& settings) : set_(settings) {}

  /// Euler's step to the lower level and fresh noise: x_s = alpha_s x0 + kept eps + fresh z.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Level from = level(schedule, t), to = level(schedule, s);
    const Denoised denoised = context.denoise(x_t, t);
    if (to.sigma == 0) return denoised.x0;
    const Ancestral noise = ancestral(space_of(set_.space, schedule), schedule, t, s, set_.eta);
    Sum x_s = renoise(denoised, x_t, from, to.alpha, noise.kept);
    if (noise.fresh > 0) x_s.add(noise.fresh * set_.s_noise, context.noise(x_t));
    return context.make(x_s);
  }

 private:
  AncestralSettings set_;
};

}  // namespace

namespace sampler {

Entry euler_ancestral() {
  Entry entry;
  entry.name = "euler_ancestral";
  entry.summary = "Euler's step to a lower level, then fresh noise up to the next; in ve it is ddim with the same eta";
  entry.source = "Song et al. 2021a (DDIM), eq. 12 and 16, as k-diffusion's Euler ancestral sampler";
  entry.facts = {
      .stochastic = true, .local_order = 2, .start_order = 2, .global_order = 1, .calls = 1, .last_calls = 1};
  return with_settings<Entry, AncestralSettings>(
      entry, [](const AncestralSettings& s) { return std::make_unique<const EulerAncestral>(s); });
}

}  // namespace sampler
}  // namespace roulade
