// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/multistep.hpp"
#include "roulade/sampler/update.hpp"

#include <cmath>
#include <utility>

namespace roulade {
namespace {

constexpr size_t kRungeKuttaSteps = 3;  // that give the fourth-order weights their past

struct Settings : AdamsSettings {
  bool skip_prk_steps = true;

  void bind(Binder& b) {
    b.add("skip_prk_steps", skip_prk_steps,
          "start by one step of Heun's method and rising orders instead of three Runge-Kutta steps of four calls");
    bind_space(b, space);
    bind_final(b);
  }
};

class Pndm final : public Sampler {
 public:
  explicit Pndm(const Settings& settings) : set_(settings) { set_.equal = true; }

  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Tensor x0 = context.denoise(x_t, t).x0;
    const Space space = space_of(set_.space, schedule);
    const bool starting = context.history.size() < (set_.skip_prk_steps ? 1 : kRungeKuttaSteps);
    if (!starting || schedule.sigma(s) == 0 || !std::isfinite(coordinates(space, schedule, t).u))
      return adams_bashforth(set_, context, x_t, x0, t, s);

    auto [ahead, first] = context.make(euler(space, schedule, x_t, x0, t, s), slope(space, schedule, x_t, x0, t));
    Tensor x_s = set_.skip_prk_steps ? heun(space, context, ahead, first, t, s)
                                     : runge_kutta(space, context, x_t, x0, ahead, first, t, s);
    remember(context.history, {.t = t, .slope = std::move(first)}, kRungeKuttaSteps);
    return x_s;
  }

 private:
  static double length(Space space, const Schedule& schedule, double t, double s) {
    const Coordinates to = coordinates(space, schedule, s);
    return to.scale * (to.u - coordinates(space, schedule, t).u);
  }

  /// Along the mean of the slopes at both ends.   ahead: Euler's step to s.
  static Tensor heun(Space space, StepContext& context, const Tensor& ahead, const Tensor& first, double t, double s) {
    const Schedule& schedule = context.schedule();
    const double half = length(space, schedule, t, s) / 2;
    return context.make(
        Sum(1, ahead).add(half, slope(space, schedule, ahead, context.denoise(ahead, s).x0, s)).add(-half, first));
  }

  /// The classical Runge-Kutta weights (1, 2, 2, 1) / 6, halfway in t.
  static Tensor runge_kutta(Space space, StepContext& context, const Tensor& x_t, const Tensor& x0, const Tensor& ahead,
                            const Tensor& first, double t, double s) {
    const Schedule& schedule = context.schedule();
    const double middle = t + (s - t) / 2;
    const double half = length(space, schedule, t, middle), whole = length(space, schedule, t, s);
    const auto correction = [&](const Tensor& x, double time) {
      return context.make(slope(space, schedule, x, context.denoise(x, time).x0, time).add(-1, first));
    };
    // Each x is Euler's along the first slope and a correction: large terms that cancel are then left out.
    const Tensor x_half = context.make(euler(space, schedule, x_t, x0, t, middle));
    const Tensor second = correction(x_half, middle);
    const Tensor third = correction(context.make(Sum(1, x_half).add(half, second)), middle);
    const Tensor fourth = correction(context.make(Sum(1, ahead).add(whole, third)), s);
    return context.make(Sum(1, ahead).add(whole / 3, second).add(whole / 3, third).add(whole / 6, fourth));
  }

  Settings set_;
};

}  // namespace

namespace sampler {

Entry pndm() {
  Entry entry;
  entry.name = "pndm";
  entry.summary = "Pseudo linear multistep method (PLMS) on eps: fourth-order weights of equal steps in t";
  entry.source = "Liu et al. 2022 (PNDM), section 3 and algorithm 2";
  entry.facts = {.stochastic = false,
                 .local_order = 3,
                 .start_order = 3,
                 .global_order = 2,
                 .calls = 1,
                 .last_calls = 1,
                 .start_steps = 1,
                 .start_calls = 2,
                 .equal_steps = true,
                 .jumps_to_x0 = false};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Pndm>(s); });
}

}  // namespace sampler
}  // namespace roulade
