// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/update.hpp"

namespace roulade {
namespace {

constexpr int64_t kFewSteps = 15;  // below this the last step's extrapolation does more harm than good

struct Settings {
  bool lower_order_final = true;

  void bind(Binder& b) {
    b.add("lower_order_final", lower_order_final, "take the last step at first order when there are fewer than 15");
  }
};

class Dpmpp2m final : public Sampler {
 public:
  explicit Dpmpp2m(const Settings& settings) : lower_order_final_(settings.lower_order_final) {}

  /// With lambda = log(alpha / sigma), h = lambda_s - lambda_t, r = h_last / h and D = x0 + (x0 - x0_last) / (2 r):
  /// x_s = sigma_s / sigma_t x_t + alpha_s (1 - e^-h) D.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Level from = level(schedule, t), to = level(schedule, s);
    const Tensor x0 = context.denoise(x_t, t).x0;
    if (to.sigma == 0) return x0;

    double half_inverse_r = 0;
    const bool ending = lower_order_final_ && context.index + 1 == context.count && context.count < kFewSteps;
    if (!context.history.empty() && !ending) {
      const double lambda_t = schedule.log_snr(t) / 2;
      const double h = schedule.log_snr(s) / 2 - lambda_t;
      const double h_last = lambda_t - schedule.log_snr(context.history.back().t) / 2;  // infinite after alpha = 0
      half_inverse_r = h / (2 * h_last);
    }
    const double keep = to.sigma / from.sigma;
    const double gain = to.alpha - keep * from.alpha;  // alpha_s (1 - e^-h)
    Sum x_s = Sum(keep, x_t).add(gain * (1 + half_inverse_r), x0);
    if (half_inverse_r != 0) x_s.add(-gain * half_inverse_r, context.history.back().x0);
    context.history.assign(1, {t, x0});
    return context.make(x_s);
  }

 private:
  bool lower_order_final_;
};

}  // namespace

namespace sampler {

Entry dpmpp_2m() {
  Entry entry;
  entry.name = "dpmpp_2m";
  entry.summary = "DPM-Solver++(2M): two-step method in log(alpha / sigma) on the estimate of x_0";
  entry.source = "Lu et al. 2022b, algorithm 2";
  entry.facts = {
      .stochastic = false, .local_order = 3, .start_order = 2, .global_order = 2, .calls = 1, .last_calls = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Dpmpp2m>(s); });
}

}  // namespace sampler
}  // namespace roulade
