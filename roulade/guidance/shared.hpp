// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/guidance/guidance.hpp"
#include "roulade/guidance/interval.hpp"
#include "roulade/guidance/rescale.hpp"
#include "roulade/guidance/threshold.hpp"

#include <memory>

namespace roulade {

/// Options that every method takes, in the order in which they act: the method's own sum; `rescale`, which the method
/// applies where it has both answers; outside the `interval` the condition's answer in the place of that; `threshold`,
/// at all noise levels. The recipe's [denoiser] clip comes last.
struct SharedGuidance {
  GuidanceRescale rescale;
  GuidanceInterval interval;
  GuidanceThreshold threshold;

  void bind(Binder& b) {
    rescale.bind(b);
    interval.bind(b);
    threshold.bind(b);
  }

  /// The method `guided`, made of `parts`, in the interval and under the threshold.
  std::shared_ptr<const Denoiser> around(std::shared_ptr<const Denoiser> guided, const GuidanceParts& parts) const {
    return threshold.around(in_interval(interval, std::move(guided), parts));
  }
};

}  // namespace roulade
