// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/update.hpp"

#include <cmath>

namespace roulade {
namespace {

constexpr double kDataDeviation = 0.5;  // of the paper's c_skip and c_out

struct Settings {
  double boundary_scaling = 0;

  void bind(Binder& b) {
    b.add(
        "boundary_scaling", boundary_scaling, at_least(0),
        "of the network's time in c_skip and c_out, where the denoiser does not apply them: 10 for latent consistency "
        "models; 0 = x_0 is the consistency function");
  }
};

class Lcm final : public Sampler {
 public:
  explicit Lcm(const Settings& settings) : scaling_(settings.boundary_scaling) {}

  /// The end f of x_t's trajectory, noised again: x_s = alpha_s f + sigma_s z.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Level to = level(context.schedule(), s);
    Tensor f = context.denoise(x_t, t).x0;
    if (scaling_ > 0) {
      const double time = scaling_ * context.schedule().network_time(t);
      const double power = time * time + kDataDeviation * kDataDeviation;
      f = context.make(Sum(kDataDeviation * kDataDeviation / power, x_t).add(time / std::sqrt(power), f));
    }
    return to.sigma == 0 ? f : context.make(Sum(to.alpha, f).add(to.sigma, context.noise(x_t)));
  }

 private:
  double scaling_;
};

}  // namespace

namespace sampler {

Entry lcm() {
  Entry entry;
  entry.name = "lcm";
  entry.summary = "Multistep consistency sampling: the end of x_t's trajectory, noised again; for consistency models";
  entry.source = "Song et al. 2023 (consistency models), algorithm 1; Luo et al. 2023 (LCM), algorithm 3";
  entry.facts = {.stochastic = true, .calls = 1, .last_calls = 1, .consistency = true};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Lcm>(s); });
}

}  // namespace sampler
}  // namespace roulade
