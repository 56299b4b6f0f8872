// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/sampler/sampler.hpp"

#include <string>
#include <vector>

namespace roulade {

/// The coordinates y = x / scale over u in which a solver takes the probability-flow ODE; its result depends on them.
///   ve:    scale = alpha,          u = sigma / alpha,            dy/du = eps
///   flow:  scale = alpha + sigma,  u = sigma / (alpha + sigma),  dy/du = eps - x_0   (a flow's own x and t)
/// Source: Karras et al. 2022, section 2 and appendix B; Lipman et al. 2023, eq. 20.
enum class Space { ve, flow };

/// "auto" (flow for flow schedules, else ve), "ve" or "flow".
const std::vector<std::string>& space_names();
Space space_of(const std::string& name, const Schedule& schedule);

struct Coordinates {
  double scale = 1;
  double u = 0;  ///< infinite in ve where alpha = 0
};
Coordinates coordinates(Space space, const Schedule& schedule, double t);

/// dy/du at x_t from the estimate x0 alone, so that guidance and clipping act on the whole slope.   sigma(t) > 0.
Tensor slope(Space space, const Schedule& schedule, const Tensor& x_t, const Tensor& x0, double t);

}  // namespace roulade
