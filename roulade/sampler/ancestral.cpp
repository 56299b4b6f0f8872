// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/ancestral.hpp"

#include "roulade/sampler/update.hpp"
#include "roulade/schedule/forward.hpp"

#include <cmath>

namespace roulade {

Ancestral ancestral(Space space, const Schedule& schedule, double t, double s, double eta) {
  const Level to = level(schedule, s);
  if (eta == 0) return {to.sigma, 0};
  if (space == Space::ve) {
    const double fresh = eta * posterior(schedule, s, t).deviation;
    return {std::sqrt((to.sigma - fresh) * (to.sigma + fresh)), fresh};
  }
  const double r_t = coordinates(space, schedule, t).u, r_s = coordinates(space, schedule, s).u;
  const double r = r_s * (1 + (r_s / r_t - 1) * eta);
  const double kept = to.alpha * r / (1 - r);
  return {kept, std::sqrt((to.sigma - kept) * (to.sigma + kept))};
}

const std::vector<std::string>& ancestral_space_names() {
  static const std::vector<std::string> names{"auto", "ve", "flow"};
  return names;
}

void AncestralSettings::bind(Binder& b) {
  b.add("space", space, ancestral_space_names(),
        "coordinates in which the lower level is chosen: auto = flow for flow schedules, else ve");
  b.add("eta", eta, between(0, 1), "noise added in each step: 0 = none, 1 = as much as ancestral sampling adds");
  bind_noise(b, s_noise);
}

}  // namespace roulade
