// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/sampler/space.hpp"

#include <string>
#include <vector>

namespace roulade {

/// An ancestral step goes down the ODE to a level below s and back up to s by fresh noise: x_s has alpha_s x_0 and
/// noise of two kinds.
struct Ancestral {
  double kept = 0;   ///< along eps: alpha_s u at the lower level
  double fresh = 0;  ///< drawn anew; kept^2 + fresh^2 = sigma_s^2
};

/// eta in [0, 1]: 0 = the ODE alone. The rule for the lower level depends on the coordinates:
///   ve:    fresh = eta times the deviation of q(x_s | x_t, x_0): at 1 as much as ddpm's
///   flow:  the lower r = u_s (1 - eta (1 - u_s / u_t)), with u = sigma / (alpha + sigma): at 1 r = u_s^2 / u_t
/// sigma(s) > 0; finite from alpha(t) = 0, too.
/// Source: Song et al. 2021a (DDIM), eq. 16, in sigma / alpha as in k-diffusion; flow: the rectified-flow form of user
/// interfaces for flow models.
Ancestral ancestral(Space space, const Schedule& schedule, double t, double s, double eta);

/// "auto" (flow for flow schedules, else ve), "ve" or "flow".
const std::vector<std::string>& ancestral_space_names();

/// Options that ancestral methods share.
struct AncestralSettings {
  std::string space = "auto";
  double eta = 1;
  double s_noise = 1;

  void bind(Binder& b);
};

}  // namespace roulade
