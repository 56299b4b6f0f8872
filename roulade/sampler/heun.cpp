// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/space.hpp"
#include "roulade/sampler/update.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace roulade {
namespace {

struct Settings {
  std::string space = "auto";
  double s_churn = 0;
  double s_tmin = 0;
  double s_tmax = std::numeric_limits<double>::infinity();
  double s_noise = 1;

  void bind(Binder& b) {
    bind_space(b, space);
    b.add("s_churn", s_churn, at_least(0), "fresh noise over all steps, relative to the noise present; 0 = none");
    b.add("s_tmin", s_tmin, at_least(0), "no fresh noise below this sigma / alpha");
    b.add("s_tmax", s_tmax, at_least(0), "no fresh noise above this sigma / alpha");
    bind_noise(b, s_noise);
  }
};

class Heun final : public Sampler {
 public:
  explicit Heun(const Settings& settings) : set_(settings) {}

  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    double hat = t;
    const Tensor x = churn(context, x_t, hat);
    const Schedule& schedule = context.schedule();
    const Tensor x0 = context.denoise(x, hat).x0;
    if (schedule.sigma(s) == 0) return x0;
    return heun(context, space_of(set_.space, schedule), x, x0, hat, s);
  }

 private:
  /// Lifts x_t to the noise level u (1 + gamma) and `t` to its time; there the noise ends at the schedule's last level.
  Tensor churn(StepContext& context, const Tensor& x_t, double& t) const {
    const Schedule& schedule = context.schedule();
    const Level from = level(schedule, t);
    const double u = from.sigma / from.alpha;
    if (set_.s_churn == 0 || from.alpha == 0 || u < set_.s_tmin || u > set_.s_tmax) return x_t;
    const double gamma = std::min(set_.s_churn / static_cast<double>(context.count), std::sqrt(2.0) - 1);
    const double lifted = schedule.time_of(-2 * std::log(u * (1 + gamma)));
    const Level to = level(schedule, lifted);
    if (!(lifted > t) || to.alpha == 0) return x_t;
    t = lifted;
    const double u_hat = to.sigma / to.alpha;
    const double fresh = std::sqrt((u_hat - u) * (u_hat + u));
    return context.make(Sum(to.alpha / from.alpha, x_t).add(to.alpha * fresh * set_.s_noise, context.noise(x_t)));
  }

  Settings set_;
};

}  // namespace

namespace sampler {

Entry heun() {
  Entry entry;
  entry.name = "heun";
  entry.summary = "Heun's method on the probability-flow ODE, with fresh noise before each step where s_churn > 0";
  entry.source = "Karras et al. 2022, algorithms 1 and 2";
  entry.facts = {
      .stochastic = false, .local_order = 3, .start_order = 3, .global_order = 2, .calls = 2, .last_calls = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Heun>(s); });
}

}  // namespace sampler
}  // namespace roulade
