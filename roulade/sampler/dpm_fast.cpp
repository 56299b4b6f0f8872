// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/dpm_solver.hpp"
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/space.hpp"
#include "roulade/sampler/update.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace roulade {
namespace {

struct Settings {
  int64_t budget = 0;

  void bind(Binder& b) {
    b.add("budget", budget, at_least(0), "network calls of a whole run; 0 = three a step and one for the last");
  }
};

class DpmFast final : public Sampler {
 public:
  explicit DpmFast(const Settings& settings) : budget_(settings.budget) {}

  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const int64_t order = order_of(context.index, context.count);
    const Tensor x0 = context.denoise(x_t, t).x0;
    if (schedule.sigma(s) == 0) return x0;
    if (order == 1 || schedule.alpha(t) == 0) return context.make(euler(Space::ve, schedule, x_t, x0, t, s));

    const std::vector<DpmStage> stages = dpm_stages(order, schedule, t, s);
    Sum difference;  // eps_i - eps
    for (const DpmStage& stage : stages) {
      const Tensor x = context.make(Sum(stage.keep, x_t).add(stage.gain, x0).add(stage.extra, difference));
      if (&stage == &stages.back()) return x;
      const Tensor x0_stage = context.denoise(x, stage.t).x0;
      difference = Sum(stage.snr_root, x0).add(-stage.snr_root, x0_stage).add(stage.again, difference);
    }
    return x_t;  // not reached: there is a last stage
  }

 private:
  /// As many steps of order 3 as leave one call for each step that follows, then the rest of the budget. For 3 m calls
  /// and m + 1 steps that is 3, ..., 3, 2, 1, for one and two more 3, ..., 3, 1 and 3, ..., 3, 2, as in the paper.
  int64_t order_of(int64_t index, int64_t count) const {
    int64_t left = budget_ > 0 ? budget_ : 3 * (count - 1) + 1;
    if (left < count)
      fail(Code::usage, "dpm_fast", "budget of network calls", fmt::format("at least {}, one a step", count),
           fmt::format("{}", left));
    int64_t order = 0;
    for (int64_t i = 0; i <= index; ++i, left -= order) order = std::min<int64_t>(3, left - (count - 1 - i));
    return order;
  }

  int64_t budget_;
};

}  // namespace

namespace sampler {

Entry dpm_fast() {
  Entry entry;
  entry.name = "dpm_fast";
  entry.summary = "DPM-Solver, singlestep: steps of order 3, then 2 and 1 as the budget of network calls allows";
  entry.source = "Lu et al. 2022a (DPM-Solver), algorithms 1 and 2 and section 3.4";
  entry.facts = {.stochastic = false,
                 .local_order = 4,
                 .start_order = 4,
                 .global_order = 3,
                 .calls = 3,
                 .last_calls = 1,
                 .starts_as_euler = true};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const DpmFast>(s); });
}

}  // namespace sampler
}  // namespace roulade
