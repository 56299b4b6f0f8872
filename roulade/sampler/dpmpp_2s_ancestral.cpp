// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/ancestral.hpp"
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/update.hpp"

#include <cmath>

namespace roulade {
namespace {

class Dpmpp2sAncestral final : public Sampler {
 public:
  explicit Dpmpp2sAncestral(const AncestralSettings& settings) : set_(settings) {}

  /// To the lower level along the estimate halfway in lambda = log(alpha / sigma), then fresh noise. From lambda =
  /// -infinity there is no such level: the step is Euler's.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Level from = level(schedule, t), to = level(schedule, s);
    Tensor x0 = context.denoise(x_t, t).x0;
    if (to.sigma == 0) return x0;
    const Ancestral noise = ancestral(space_of(set_.space, schedule), schedule, t, s, set_.eta);
    if (noise.kept > 0 && from.alpha > 0) {
      const double down = 2 * std::log(to.alpha / noise.kept);
      const double middle = schedule.time_of((schedule.log_snr(t) + down) / 2);
      const Level between = level(schedule, middle);
      const Tensor x_middle = context.make(renoise(x0, x_t, from, between.alpha, between.sigma));
      x0 = context.denoise(x_middle, middle).x0;
    }
    Sum x_s = renoise(x0, x_t, from, to.alpha, noise.kept);
    if (noise.fresh > 0) x_s.add(noise.fresh * set_.s_noise, context.noise(x_t));
    return context.make(x_s);
  }

 private:
  AncestralSettings set_;
};

}  // namespace

namespace sampler {

Entry dpmpp_2s_ancestral() {
  Entry entry;
  entry.name = "dpmpp_2s_ancestral";
  entry.summary = "DPM-Solver++(2S) to a lower level, then fresh noise up to the next; eta = 0: DPM-Solver++(2S)";
  entry.source = "Lu et al. 2022b, algorithm 1 with r = 1/2, as k-diffusion's DPM++ 2S ancestral sampler";
  entry.facts = {.stochastic = true,
                 .local_order = 3,
                 .start_order = 3,
                 .global_order = 2,
                 .calls = 2,
                 .last_calls = 1,
                 .starts_as_euler = true};
  return with_settings<Entry, AncestralSettings>(
      entry, [](const AncestralSettings& s) { return std::make_unique<const Dpmpp2sAncestral>(s); });
}

}  // namespace sampler
}  // namespace roulade
