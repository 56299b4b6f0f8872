// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/denoiser/denoiser.hpp"
#include "roulade/denoiser/prediction.hpp"
#include "roulade/model/model.hpp"

#include <memory>
#include <optional>
#include <string>

namespace roulade {

struct DenoiserOptions {
  std::optional<double> clip;      ///< see make_clipped
  std::string variance = "fixed";  ///< "learned": the network returns twice the channels, see make_denoiser

  bool learned_variance() const { return variance == "learned"; }

  void bind(Binder& b);
};

/// x0 = skip x_t + out F(in x_t, noise), the coefficients as `prediction` says at time t of `schedule`.
/// With a learned variance F is the first half of the channels, and the second half f gives the share (f + 1) / 2 of
/// the reverse step's log variance (Denoised::variance_share). Source: Nichol and Dhariwal 2021, eq. 15. At sigma(t) =
/// 0 the network's answer is not used: x0 = x_t / alpha(t); one such time for all calls no network. Differentiable in
/// x_t and in the weights unless clipped.
std::unique_ptr<Denoiser> make_denoiser(std::shared_ptr<const Model> model, std::shared_ptr<const Schedule> schedule,
                                        std::shared_ptr<const Prediction> prediction,
                                        const DenoiserOptions& options = {});

/// x0 clipped to [-limit, limit]; the unclipped x0 is left as x0_direction. Under guidance clip the guided denoiser,
/// not the one that it wraps: a guided mean of clipped halves leaves the range.
/// limit > 0. Throws Error(usage). Source: Ho et al. 2020, section 3.2 (data in [-1, 1]).
std::unique_ptr<Denoiser> make_clipped(std::shared_ptr<const Denoiser> inner, double limit);

}  // namespace roulade
