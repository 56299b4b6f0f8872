// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/exponential_adams.hpp"
#include "roulade/sampler/update.hpp"

namespace roulade {
namespace {

struct Settings {
  double eta = 1;
  double s_noise = 1;

  void bind(Binder& b) {
    b.add("eta", eta, at_least(0), "noise of the SDE: 0 = the ODE, 1 = the reverse of the forward process");
    bind_noise(b, s_noise);
  }
};

class Dpmpp3mSde final : public Sampler {
 public:
  explicit Dpmpp3mSde(const Settings& settings) : set_(settings) {}

  /// The step of exponential_adams.hpp with the parabola through the last three estimates, in the first steps with the
  /// line or the one estimate that there are. k-diffusion gives the parabola's square term half of its integral, with
  /// which the order is 2. Steps that are long in lambda at low noise (the last of 40 even ones on linear) are not for
  /// it: it takes the noise of the steps before for a trend.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Tensor x0 = context.denoise(x_t, t).x0;
    if (schedule.sigma(s) == 0) return x0;
    const SdeStep step = sde_step(schedule, t, s, set_.eta);
    Sum x_s(step.keep, x_t);
    if (step.fresh > 0) x_s.add(step.fresh * set_.s_noise, context.brownian(x_t, t, s));

    context.history.push_back({t, x0});
    const std::vector<Past> past = newest(context.history, 3);
    context.history.assign(past.rbegin(), past.rend());
    return context.make(x_s.add(1, integral(schedule, t, s, step.w, past)));
  }

 private:
  Settings set_;
};

}  // namespace

namespace sampler {

Entry dpmpp_3m_sde() {
  Entry entry;
  entry.name = "dpmpp_3m_sde";
  entry.summary = "Like dpmpp_2m_sde with the parabola through three estimates; eta = 0: of third order";
  entry.source =
      "after Lu et al. 2022b, section 5, and k-diffusion's DPM++ 3M SDE; weights: Xue et al. 2023, section 5";
  entry.facts = {.stochastic = true,
                 .local_order = 4,
                 .start_order = 2,
                 .global_order = 2,
                 .calls = 1,
                 .last_calls = 1,
                 .strong_order = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Dpmpp3mSde>(s); });
}

}  // namespace sampler
}  // namespace roulade
