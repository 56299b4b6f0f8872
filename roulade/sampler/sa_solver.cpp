// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/exponential_adams.hpp"
#include "roulade/sampler/update.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace roulade {
namespace {

struct Settings {
  int64_t predictor_order = 2;
  int64_t corrector_order = 2;
  double tau = 1;
  double tau_min = 0;
  double tau_max = std::numeric_limits<double>::infinity();
  double s_noise = 1;

  void bind(Binder& b) {
    b.add("predictor_order", predictor_order, between(1, 3), "estimates that a step goes by");
    b.add("corrector_order", corrector_order, between(0, 3),
          "estimates that its correction goes by, the one at its end among them; 0 = none");
    b.add("tau", tau, at_least(0), "noise of the SDE: 0 = the ODE, 1 = the reverse of the forward process");
    b.add("tau_min", tau_min, at_least(0), "the ODE for steps from below this sigma / alpha");
    b.add("tau_max", tau_max, at_least(0), "the ODE for steps from above this sigma / alpha");
    bind_noise(b, s_noise);
  }
};

class SaSolver final : public Sampler {
 public:
  explicit SaSolver(const Settings& settings) : set_(settings) {}

  /// A step begins with the correction of the one before, by the estimate at its end and with its noise: x_t is what
  /// was predicted, and the method goes on from what it is corrected to.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    Past now{t, context.denoise(x_t, t).x0, x_t};
    if (schedule.sigma(s) == 0) return now.x0;
    std::vector<Past>& history = context.history;
    history.push_back(now);
    Sum x(1, x_t);
    const bool correct = set_.corrector_order > 0 && history.size() > 1;
    if (correct) {
      const Past& last = history[history.size() - 2];
      x = stretch(schedule, last, {1, last.x}, t, newest(history, set_.corrector_order));
    }
    if (sde_step(schedule, t, s, eta_at(schedule, t)).fresh > 0) now.noise = context.brownian(x_t, t, s);
    const Sum predicted = stretch(schedule, now, x, s, newest(history, set_.predictor_order));
    Tensor x_s;
    if (correct) {
      std::tie(x_s, now.x) = context.make(predicted, x);
    } else {
      x_s = context.make(predicted);
    }
    history.back() = now;
    const auto kept = static_cast<size_t>(std::max<int64_t>(set_.predictor_order, set_.corrector_order)) - 1;
    if (history.size() > std::max<size_t>(kept, 1)) history.erase(history.begin());
    return x_s;
  }

 private:
  /// From x at from.t to s, with from's noise and the polynomial through these estimates.
  Sum stretch(const Schedule& schedule, const Past& from, const Sum& x, double s,
              const std::vector<Past>& estimates) const {
    const SdeStep step = sde_step(schedule, from.t, s, eta_at(schedule, from.t));
    Sum x_s = Sum().add(step.keep, x);
    if (step.fresh > 0) x_s.add(step.fresh * set_.s_noise, from.noise);
    return x_s.add(1, integral(schedule, from.t, s, step.w, estimates));
  }

  /// tau^2 for a step from t.
  double eta_at(const Schedule& schedule, double t) const {
    const Level from = level(schedule, t);
    const bool inside = from.sigma >= set_.tau_min * from.alpha && from.sigma <= set_.tau_max * from.alpha;
    return inside || (from.alpha == 0 && std::isinf(set_.tau_max)) ? set_.tau * set_.tau : 0;
  }

  Settings set_;
};

}  // namespace

namespace sampler {

Entry sa_solver() {
  Entry entry;
  entry.name = "sa_solver";
  entry.summary = "Stochastic Adams predictor and corrector, one network call a step; tau = 0: the ODE";
  entry.source = "Xue et al. 2023 (SA-Solver), algorithm 1 with predictions of x_0";
  entry.facts = {.stochastic = true,
                 .local_order = 3,
                 .start_order = 2,
                 .global_order = 2,
                 .calls = 1,
                 .last_calls = 1,
                 .strong_order = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const SaSolver>(s); });
}

}  // namespace sampler
}  // namespace roulade
