// SPDX-License-Identifier: Apache-2.0
#include "roulade/guidance/shared.hpp"

#include <utility>

namespace roulade {
namespace {

struct Settings {
  double scale = 0.6;
  SharedGuidance shared;

  void bind(Binder& b) {
    b.add("scale", scale, Range{}, "weight of the condition, between 0 = unconditional and 1");
    shared.bind(b);
  }
};

/// The direction that gives eps stays the unconditional one, so that samplers which use it (euler_cfg_pp, euler, ddim,
/// euler_ancestral) step to the guided estimate without leaving the data's manifold at large scales.
class CfgPp final : public Denoiser {
 public:
  CfgPp(const Settings& settings, GuidanceParts parts)
      : scale_(settings.scale), rescale_(settings.shared.rescale), parts_(std::move(parts)) {}

  const Schedule& schedule() const override { return parts_.denoiser->schedule(); }

  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    const Denoised both = denoise_both("guidance cfg_pp", parts_, x_t, t, condition);
    const int64_t batch = x_t.size(0);
    Denoised out;
    const Tensor positive = both.x0.narrow(0, 0, batch);
    const Tensor guided = both.x0.narrow(0, batch, batch).mul(1 - scale_).add_(positive, scale_);
    out.x0 = rescale_.apply(schedule(), x_t, t, guided, positive);
    out.x0_direction = both.direction().narrow(0, batch, batch);
    // The reverse step's variance belongs to the conditional law.
    if (both.variance_share) out.variance_share = both.variance_share->narrow(0, 0, batch);
    return out;
  }

 private:
  double scale_;
  GuidanceRescale rescale_;
  GuidanceParts parts_;
};

}  // namespace

namespace guidance {

Entry cfg_pp() {
  Entry entry;
  entry.name = "cfg_pp";
  entry.summary = "CFG++: x0 as in cfg, with a scale below 1, and eps of the unconditional estimate";
  entry.source = "Chung et al. 2024 (CFG++), algorithm 2";
  entry.bind = [](Binder& b) { Settings().bind(b); };
  entry.make = [](Binder& b, GuidanceParts parts) {
    Settings settings;
    settings.bind(b);
    return settings.shared.around(std::make_shared<const CfgPp>(settings, parts), parts);
  };
  return entry;
}

}  // namespace guidance
}  // namespace roulade
