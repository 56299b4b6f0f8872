// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/registry.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/schedule/schedule.hpp"

#include <memory>
#include <string>

namespace roulade {

/// How a network F is wrapped at one time:  x0 = skip x_t + out F(in x_t, noise),  and what F should return:
/// target = target_x0 x_0 + target_eps eps. eps, x0, v, velocity and EDM's preconditioning are rows of one table.
struct Coefficients {
  double in = 1;
  double noise = 0;
  double skip = 0;
  double out = 1;
  double target_x0 = 0;
  double target_eps = 0;
};

/// What a network predicts. Source of the rows: Ho et al. 2020 (eps), Salimans and Ho 2022 (x0, v), Lipman et al. 2023
/// (velocity = eps - x0), Karras et al. 2022, table 1 (edm).
class Prediction {
 public:
  virtual ~Prediction() = default;
  /// Throws Error(usage) where x0 cannot be told from the output (eps at alpha = 0).
  virtual Coefficients at(const Schedule& schedule, double t) const = 0;
};

/// The output that a network of kind `to` would return where one of kind `from` returned `output`:
/// x0 = skip x_t + out output;  eps = (x_t - alpha x0) / sigma;  target_x0 x0 + target_eps eps.
/// x_t, output: [B, ...]. Throws Error(usage) where `from` cannot tell x0, or where sigma(t) = 0 and `to` needs eps.
Tensor convert(const Prediction& from, const Prediction& to, const Schedule& schedule, double t, const Tensor& x_t,
               const Tensor& output);

namespace denoiser {

using Entry = Factory<Prediction>;
const Registry<Entry>& registry();  ///< eps x0 v velocity edm

#define ADD(name) Entry name();
#include "roulade/denoiser/list.hpp"
#undef ADD

}  // namespace denoiser
}  // namespace roulade
