// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/sampler/sampler.hpp"
#include "roulade/sampler/space.hpp"
#include "roulade/sampler/update.hpp"
#include "roulade/schedule/forward.hpp"

#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr double kRho = 7;  // of the levels inside an interval

struct Settings {
  std::string space = "auto";
  std::vector<double> restart_min{0.1}, restart_max{2}, restart_times{1}, restart_steps{0};
  double s_noise = 1;

  void bind(Binder& b) {
    bind_space(b, space);
    b.add("restart_min", restart_min, above(0), "lower ends of the intervals, in sigma / alpha; [] = none");
    b.add("restart_max", restart_max, above(0), "their upper ends, which noise is added up to");
    b.add("restart_times", restart_times, at_least(0), "how often each is repeated");
    b.add("restart_steps", restart_steps, at_least(0), "steps down each; 0 = a quarter of the grid's");
    bind_noise(b, s_noise);
  }
};

class Restart final : public Sampler {
 public:
  explicit Restart(const Settings& settings) : set_(settings) {
    const size_t count = set_.restart_min.size();
    if (set_.restart_max.size() != count || set_.restart_times.size() != count || set_.restart_steps.size() != count)
      fail(Code::usage, "sampler restart", "intervals", "as many maxima, times and steps as minima",
           fmt::format("{}, {}, {} and {}", set_.restart_max.size(), set_.restart_times.size(),
                       set_.restart_steps.size(), count));
    for (const auto* whole : {&set_.restart_times, &set_.restart_steps})
      for (const double number : *whole)
        if (number != std::floor(number))
          fail(Code::usage, "sampler restart", "times and steps", "whole numbers", fmt::format("{}", number));
    for (size_t i = 0; i < count; ++i)
      if (!(set_.restart_min[i] < set_.restart_max[i]))
        fail(Code::usage, "sampler restart", "interval", "restart_min below restart_max",
             fmt::format("{} and {}", set_.restart_min[i], set_.restart_max[i]));
    if (std::accumulate(set_.restart_times.begin(), set_.restart_times.end(), 0.0) > static_cast<double>(kSamplerDraws))
      fail(Code::usage, "sampler restart", "sum of restart_times", fmt::format("at most {}", kSamplerDraws));
  }

  /// Heun's step. One that passes the lower end of an interval then goes back up to its upper end by fresh noise and
  /// down again to s, as often as the interval asks for. The final jump passes none.
  Tensor step(StepContext& context, const Tensor& x_t, double t, double s) const override {
    const Schedule& schedule = context.schedule();
    const Space space = space_of(set_.space, schedule);
    const Tensor x0 = context.denoise(x_t, t).x0;
    if (schedule.sigma(s) == 0) return x0;
    Tensor x = heun(context, space, x_t, x0, t, s);
    const double u_t = ratio(schedule, t), u_s = ratio(schedule, s);
    int64_t draws = 0;
    for (size_t i = 0; i < set_.restart_min.size(); ++i) {
      if (!(u_s <= set_.restart_min[i] && set_.restart_min[i] < u_t)) continue;
      const double top = schedule.time_of(-2 * std::log(set_.restart_max[i]));
      for (double repeat = 0; repeat < set_.restart_times[i]; ++repeat)
        x = again(context, space, x, s, top, set_.restart_steps[i], draws++);
    }
    return x;
  }

 private:
  static double ratio(const Schedule& schedule, double t) { return schedule.sigma(t) / schedule.alpha(t); }

  Tensor again(StepContext& context, Space space, Tensor x, double s, double top, double steps, int64_t part) const {
    const Schedule& schedule = context.schedule();
    const double u_s = ratio(schedule, s), u_top = ratio(schedule, top);
    if (!(u_top > u_s) || schedule.alpha(top) == 0) return x;
    const Transition up = transition(schedule, s, top);
    x = context.make(Sum(up.scale, x).add(up.deviation * set_.s_noise, context.noise(x, part)));
    if (steps == 0) steps = std::ceil(static_cast<double>(context.count) / 4);
    const double first = std::pow(u_top, 1 / kRho), last = std::pow(u_s, 1 / kRho);
    double from = top;
    for (double i = 1; i <= steps; ++i) {
      const double u = std::pow(first + (last - first) * i / steps, kRho);
      const double to = i == steps ? s : schedule.time_of(-2 * std::log(u));
      x = heun(context, space, x, context.denoise(x, from).x0, from, to);
      from = to;
    }
    return x;
  }

  Settings set_;
};

}  // namespace

namespace sampler {

Entry restart() {
  Entry entry;
  entry.name = "restart";
  entry.summary = "Heun's method that adds noise and comes down again where it has passed the end of an interval";
  entry.source = "Xu et al. 2023 (Restart), algorithm 1, with Karras et al. 2022, eq. 5, inside the intervals";
  entry.facts = {.stochastic = true,
                 .local_order = 3,
                 .start_order = 3,
                 .global_order = 2,
                 .calls = 2,
                 .last_calls = 1,
                 .more_calls = true};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Restart>(s); });
}

}  // namespace sampler
}  // namespace roulade
