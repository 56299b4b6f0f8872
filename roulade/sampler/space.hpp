// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/sampler/sampler.hpp"

#include <string>
#include <vector>

namespace roulade {

/// The coordinates y = x / scale over u in which a solver takes the probability-flow ODE; its result depends on them.
///   ve:    scale = alpha,          u = sigma / alpha,            dy/du = eps
///   flow:  scale = alpha + sigma,  u = sigma / (alpha + sigma),  dy/du = eps - x_0   (a flow's own x and t)
///   angle: scale = r = sqrt(alpha^2 + sigma^2),  u = atan(sigma / alpha),  dy/du = (alpha eps - sigma x_0) / r
/// For data of deviation 1 the scale of y stays near 1 in angle, so that a few steps neither spread nor shrink them.
/// Source: Karras et al. 2022, section 2 and appendix B; Lipman et al. 2023, eq. 20; Salimans and Ho 2022, section 4
/// and appendix D (angle).
enum class Space { ve, flow, angle };

/// "auto" (flow for flow schedules, else ve), "ve", "flow" or "angle".
const std::vector<std::string>& space_names();
Space space_of(const std::string& name, const Schedule& schedule);
/// The option "space" with all of them.
void bind_space(Binder& b, std::string& space);

struct Coordinates {
  double scale = 1;
  double u = 0;  ///< infinite in ve where alpha = 0
};
Coordinates coordinates(Space space, const Schedule& schedule, double t);

/// The time at which the coordinate is u; clamped to [0, 1].
double time_at(Space space, const Schedule& schedule, double u);

/// Euler's step from t to s along the slope at x_t: scale_s (x_t / scale_t + (u_s - u_t) dy/du). In ve and flow it is
/// DDIM's step. sigma(t) > 0; at alpha(t) = 0 ve gives the limit.
Sum euler(Space space, const Schedule& schedule, const Tensor& x_t, const Tensor& x0, double t, double s);

/// dy/du at x_t from the estimate x0 alone, so that guidance and clipping act on the whole slope.   sigma(t) > 0.
Sum slope(Space space, const Schedule& schedule, const Tensor& x_t, const Tensor& x0, double t);

/// Heun's step from t to s, where sigma(s) > 0, from the estimate x0 at t; calls the denoiser once, at s. From u =
/// infinity it is Euler's step, without a call.
Tensor heun(StepContext& context, Space space, const Tensor& x_t, const Tensor& x0, double t, double s);

}  // namespace roulade
