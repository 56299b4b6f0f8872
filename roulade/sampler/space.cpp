// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/space.hpp"

#include "roulade/sampler/update.hpp"

#include <cmath>

namespace roulade {

const std::vector<std::string>& space_names() {
  static const std::vector<std::string> names{"auto", "ve", "flow", "angle"};
  return names;
}

Space space_of(const std::string& name, const Schedule& schedule) {
  if (name == "auto") return schedule.family() == Schedule::Family::flow ? Space::flow : Space::ve;
  return name == "flow" ? Space::flow : name == "angle" ? Space::angle : Space::ve;
}

void bind_space(Binder& b, std::string& space) {
  b.add("space", space, space_names(),
        "coordinates of the ODE: auto = flow for flow schedules, else ve; angle suits data of deviation 1");
}

Coordinates coordinates(Space space, const Schedule& schedule, double t) {
  const Level at_t = level(schedule, t);
  if (space == Space::angle) return {std::hypot(at_t.alpha, at_t.sigma), std::atan2(at_t.sigma, at_t.alpha)};
  const double scale = space == Space::ve ? at_t.alpha : at_t.alpha + at_t.sigma;
  return {scale, at_t.sigma / scale};
}

double time_at(Space space, const Schedule& schedule, double u) {
  const double ratio = space == Space::ve ? u : space == Space::flow ? u / (1 - u) : std::tan(u);  // sigma / alpha
  return schedule.time_of(-2 * std::log(ratio));
}

Sum slope(Space space, const Schedule& schedule, const Tensor& x_t, const Tensor& x0, double t) {
  const Level at_t = level(schedule, t);
  if (space == Space::angle) {
    const double r = std::hypot(at_t.alpha, at_t.sigma);
    return Sum(at_t.alpha / (at_t.sigma * r), x_t).add(-r / at_t.sigma, x0);
  }
  const double of_x0 = -at_t.alpha / at_t.sigma - (space == Space::flow ? 1 : 0);
  return Sum(1 / at_t.sigma, x_t).add(of_x0, x0);
}

Sum euler(Space space, const Schedule& schedule, const Tensor& x_t, const Tensor& x0, double t, double s) {
  // In straight coordinates written without the slope: large terms that cancel are then left out.
  if (space != Space::angle) {
    const Level to = level(schedule, s);
    return renoise(x0, x_t, level(schedule, t), to.alpha, to.sigma);
  }
  const Coordinates from = coordinates(space, schedule, t), to = coordinates(space, schedule, s);
  return Sum(to.scale / from.scale, x_t).add(to.scale * (to.u - from.u), slope(space, schedule, x_t, x0, t));
}

Tensor heun(StepContext& context, Space space, const Tensor& x_t, const Tensor& x0, double t, double s) {
  const Schedule& schedule = context.schedule();
  const Tensor ahead = context.make(euler(space, schedule, x_t, x0, t, s));
  const Coordinates from = coordinates(space, schedule, t), to = coordinates(space, schedule, s);
  if (!std::isfinite(from.u)) return ahead;  // from alpha = 0 the distance in ve is infinite; Euler's step is not

  const double half = to.scale * (to.u - from.u) / 2;
  return context.make(Sum(1, ahead)
                          .add(half, slope(space, schedule, ahead, context.denoise(ahead, s).x0, s))
                          .add(-half, slope(space, schedule, x_t, x0, t)));
}

}  // namespace roulade
