// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/ancestral.hpp"
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/update.hpp"

#include <cmath>

namespace roulade {
namespace {

class Dpm2Ancestral final : public Sampler {
 public:
  explicit Dpm2Ancestral(const AncestralSettings& settings) : set_(settings) {}

  /// To the lower level u_d by the slope at sqrt(u_t u_d), then fresh noise.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Level from = level(schedule, t), to = level(schedule, s);
    const Tensor x0 = context.denoise(x_t, t).x0;
    if (to.sigma == 0) return x0;
    const Space space = space_of(set_.space, schedule);
    const Ancestral noise = ancestral(space, schedule, t, s, set_.eta);
    Sum x_s = renoise(x0, x_t, from, to.alpha, noise.kept);
    const double u_t = coordinates(space, schedule, t).u;
    if (noise.kept > 0 && std::isfinite(u_t)) {
      const double scale = space == Space::ve ? to.alpha : to.alpha + noise.kept, u_d = noise.kept / scale;
      const double middle = time_at(space, schedule, std::sqrt(u_t * u_d));
      const Tensor x_middle = context.make(euler(space, schedule, x_t, x0, t, middle));
      const double length = scale * (u_d - u_t);
      x_s.add(length, slope(space, schedule, x_middle, context.denoise(x_middle, middle).x0, middle));
      x_s.add(-length, slope(space, schedule, x_t, x0, t));
    }
    if (noise.fresh > 0) x_s.add(noise.fresh * set_.s_noise, context.noise(x_t));
    return context.make(x_s);
  }

 private:
  AncestralSettings set_;
};

}  // namespace

namespace sampler {

Entry dpm2_ancestral() {
  Entry entry;
  entry.name = "dpm2_ancestral";
  entry.summary = "Midpoint step to a lower level, the midpoint halfway in log u, then fresh noise up to the next";
  entry.source = "after Lu et al. 2022a (DPM-Solver), algorithm 1, as k-diffusion's DPM2 ancestral sampler";
  entry.facts = {
      .stochastic = true, .local_order = 3, .start_order = 3, .global_order = 2, .calls = 2, .last_calls = 1};
  return with_settings<Entry, AncestralSettings>(
      entry, [](const AncestralSettings& s) { return std::make_unique<const Dpm2Ancestral>(s); });
}

}  // namespace sampler
}  // namespace roulade
