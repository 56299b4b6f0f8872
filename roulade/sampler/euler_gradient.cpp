// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/multistep.hpp"
#include "roulade/sampler/update.hpp"

#include <utility>

namespace roulade {
namespace {

struct Settings {
  double gamma = 2;
  std::string space = "auto";

  void bind(Binder& b) {
    b.add("gamma", gamma, at_least(1), "weight of the new slope against 1 - gamma of the one before; 1 = euler");
    bind_space(b, space);
  }
};

class EulerGradient final : public Sampler {
 public:
  explicit EulerGradient(const Settings& settings) : set_(settings) {}

  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Tensor x0 = context.denoise(x_t, t).x0;
    if (schedule.sigma(s) == 0) return x0;
    const Space space = space_of(set_.space, schedule);
    Sum x_s = euler(space, schedule, x_t, x0, t, s);
    const Sum now = slope(space, schedule, x_t, x0, t);
    if (!context.history.empty()) {
      const Coordinates from = coordinates(space, schedule, t), to = coordinates(space, schedule, s);
      const double length = to.scale * (to.u - from.u) * (set_.gamma - 1);
      x_s.add(length, now).add(-length, context.history.back().slope);
    }
    auto [next, kept] = context.make(x_s, now);
    remember(context.history, {.t = t, .slope = std::move(kept)}, 1);
    return next;
  }

 private:
  Settings set_;
};

}  // namespace

namespace sampler {

Entry euler_gradient() {
  Entry entry;
  entry.name = "euler_gradient";
  entry.summary = "Euler's method along gamma times the new slope and 1 - gamma times the last (gradient estimation)";
  entry.source = "Permenter and Yuan 2024, gradient estimation";
  entry.facts = {
      .stochastic = false, .local_order = 2, .start_order = 2, .global_order = 1, .calls = 1, .last_calls = 1};
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const EulerGradient>(s); });
}

}  // namespace sampler
}  // namespace roulade
