// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/space.hpp"

#include <cmath>

namespace roulade {
namespace {

struct Settings {
  std::string space = "auto";

  void bind(Binder& b) { bind_space(b, space); }
};

class Dpm2 final : public Sampler {
 public:
  explicit Dpm2(const Settings& settings) : space_(settings.space) {}

  /// A look at u = sqrt(u_t u_s), halfway in log u, and the whole step along the slope there.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Tensor x0 = context.denoise(x_t, t).x0;
    if (schedule.sigma(s) == 0) return x0;
    const Space space = space_of(space_, schedule);
    Sum x_s = euler(space, schedule, x_t, x0, t, s);
    const Coordinates from = coordinates(space, schedule, t), to = coordinates(space, schedule, s);
    if (!std::isfinite(from.u)) return context.make(x_s);  // alpha(t) = 0 in ve

    const double middle = time_at(space, schedule, std::sqrt(from.u * to.u));
    const Tensor x_middle = context.make(euler(space, schedule, x_t, x0, t, middle));
    const double length = to.scale * (to.u - from.u);
    x_s.add(length, slope(space, schedule, x_middle, context.denoise(x_middle, middle).x0, middle));
    return context.make(x_s.add(-length, slope(space, schedule, x_t, x0, t)));
  }

 private:
  std::string space_;
};

}  // namespace

namespace sampler {

Entry dpm2() {
  Entry entry;
  entry.name = "dpm2";
  entry.summary = "Midpoint method on the probability-flow ODE, the midpoint halfway in log u (in ve: log sigma)";
  entry.source = "after Lu et al. 2022a (DPM-Solver), algorithm 1, and Karras et al. 2022, algorithm 2";
  entry.facts = {
      .stochastic = false, .local_order = 3, .start_order = 3, .global_order = 2, .calls = 2, .last_calls = 1};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Dpm2>(s); });
}

}  // namespace sampler
}  // namespace roulade
