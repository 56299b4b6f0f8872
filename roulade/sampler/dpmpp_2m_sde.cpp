// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/exponential_adams.hpp"
#include "roulade/sampler/update.hpp"

#include <cmath>

namespace roulade {
namespace {

struct Settings {
  double eta = 1;
  double s_noise = 1;
  std::string solver = "midpoint";

  void bind(Binder& b) {
    b.add("eta", eta, at_least(0), "noise of the SDE: 0 = the ODE, 1 = the reverse of the forward process");
    bind_noise(b, s_noise);
    b.add("solver", solver, {"midpoint", "heun"},
          "weight of the estimates' slope: that of the middle of the step, or its exact integral");
  }
};

class Dpmpp2mSde final : public Sampler {
 public:
  explicit Dpmpp2mSde(const Settings& settings) : set_(settings) {}

  /// The step of exponential_adams.hpp; the estimate between t and s goes on as it went since the last step, with
  /// r = h_last / h: x0 + x (x0 - x0_last) / r, integrated as it stands (heun) or with x = 1/2 (midpoint).
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Tensor x0 = context.denoise(x_t, t).x0;
    if (schedule.sigma(s) == 0) return x0;
    const SdeStep step = sde_step(schedule, t, s, set_.eta);
    Sum x_s(step.keep, x_t);
    if (step.fresh > 0) x_s.add(step.fresh * set_.s_noise, context.brownian(x_t, t, s));

    context.history.push_back({t, x0});
    const std::vector<Past> past = newest(context.history, 2);
    context.history.assign(1, past.front());
    if (set_.solver == "heun" || past.size() < 2)
      return context.make(x_s.add(1, integral(schedule, t, s, step.w, past)));
    const double lambda_t = schedule.log_snr(t) / 2, h = schedule.log_snr(s) / 2 - lambda_t;
    const double half_inverse_r = h / (2 * lambda_t - schedule.log_snr(past[1].t));  // 0 after alpha = 0
    const double gain = schedule.alpha(s) * -std::expm1(-step.w);
    return context.make(x_s.add(gain * (1 + half_inverse_r), x0).add(-gain * half_inverse_r, past[1].x0));
  }

 private:
  Settings set_;
};

}  // namespace

namespace sampler {

Entry dpmpp_2m_sde() {
  Entry entry;
  entry.name = "dpmpp_2m_sde";
  entry.summary = "DPM-Solver++(2M) for the reverse SDE; eta = 0: dpmpp_2m; results converge along a Brownian path";
  entry.source = "Lu et al. 2022b, section 5 (SDE-DPM-Solver++(2M)); solver heun and eta: k-diffusion's DPM++ 2M SDE";
  entry.facts = {.stochastic = true,
                 .local_order = 3,
                 .start_order = 2,
                 .global_order = 2,
                 .calls = 1,
                 .last_calls = 1,
                 .strong_order = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Dpmpp2mSde>(s); });
}

}  // namespace sampler
}  // namespace roulade
