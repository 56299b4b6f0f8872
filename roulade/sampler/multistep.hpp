// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/sampler/space.hpp"

#include <span>
#include <string>
#include <vector>

namespace roulade {

/// int_0^1 e^(z theta) theta^k d theta, k >= 0.
double exponential_moment(int k, double z);

/// Weights w_j with  int g (f - f(0)) = sum_j w_j (f(nodes[j]) - f(0))  for every polynomial f of degree n, where theta
/// runs from 0 to 1 over a step and moments[k - 1] = int g(theta) theta^k.   nodes: n of them, distinct and not 0,
/// those of earlier steps negative; moments: n or more. An empty list gives an empty one.
std::vector<double> difference_weights(std::span<const double> nodes, std::span<const double> moments);

/// length sum_j weights[j] (f_j - f), f_j being `member` of the j-th newest past.
Sum differences(double length, std::span<const double> weights, const std::vector<Past>& history, Tensor Past::*member,
                const Sum& f);

/// Appends to the history and drops the oldest beyond `keep`.
void remember(std::vector<Past>& history, Past now, int64_t keep);

/// What the linear multistep methods on slopes have in common.
struct AdamsSettings {
  std::string space = "auto";
  int64_t order = 4;
  bool lower_order_final = false;
  bool equal = false;

  void bind_final(Binder& b);
};

/// One Adams-Bashforth step in the coordinates of `space`: the polynomial through the slopes at t and at up to order -
/// 1 earlier times, integrated over u; with `equal` as if all steps were equally long.   x0: estimate at x_t. From u =
/// infinity it is Euler's step, and that slope is not used again. Source: Adams and Bashforth 1883; Hairer, Norsett and
/// Wanner 1993, section III.1 and III.5 (unequal steps).
Tensor adams_bashforth(const AdamsSettings& settings, StepContext& context, const Tensor& x_t, const Tensor& x0,
                       double t, double s);

}  // namespace roulade
