// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/space.hpp"

#include "roulade/sampler/update.hpp"

namespace roulade {

const std::vector<std::string>& space_names() {
  static const std::vector<std::string> names{"auto", "ve", "flow"};
  return names;
}

Space space_of(const std::string& name, const Schedule& schedule) {
  if (name == "auto") return schedule.family() == Schedule::Family::flow ? Space::flow : Space::ve;
  return name == "flow" ? Space::flow : Space::ve;
}

Coordinates coordinates(Space space, const Schedule& schedule, double t) {
  const Level at_t = level(schedule, t);
  const double scale = space == Space::ve ? at_t.alpha : at_t.alpha + at_t.sigma;
  return {scale, at_t.sigma / scale};
}

Tensor slope(Space space, const Schedule& schedule, const Tensor& x_t, const Tensor& x0, double t) {
  const Level at_t = level(schedule, t);
  const double of_x0 = -at_t.alpha / at_t.sigma - (space == Space::flow ? 1 : 0);
  return weighted_sum(1 / at_t.sigma, x_t, of_x0, x0);
}

}  // namespace roulade
