// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/guidance/guidance.hpp"

#include <memory>

namespace roulade {

/// The noise levels sigma / alpha at which a method guides: above `low`, up to `high` (0 = no limit). Elsewhere the
/// answer is the condition's own, by one network call in place of two.
/// Source: Kynkäänniemi et al. 2024 (guidance in a limited interval), section 3.
struct GuidanceInterval {
  double low = 0, high = 0;

  /// Adds noise_low and noise_high.
  void bind(Binder& b);
  /// Throws Error(usage) where no noise level lies between the two.
  void check() const;
  bool everywhere() const { return low == 0 && high == 0; }
  bool holds(double noise) const { return noise > low && (high == 0 || noise <= high); }
};

/// `guided`, made of `parts`, inside the interval, the parts' denoiser outside; `guided` itself where it guides
/// everywhere. Samples of a batch whose times differ go to the one or the other; with a negative condition for each
/// sample, all are guided for the sake of those inside.
std::shared_ptr<const Denoiser> in_interval(const GuidanceInterval& interval, std::shared_ptr<const Denoiser> guided,
                                            const GuidanceParts& parts);

}  // namespace roulade
