// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/guidance/shared.hpp"

#include <utility>

namespace roulade {
namespace {

struct Settings {
  double scale = 1;
  SharedGuidance shared;

  void bind(Binder& b) {
    b.add("scale", scale, Range{}, "weight of the condition; 1 = off, 0 = unconditional");
    shared.bind(b);
  }
};

class Cfg final : public Denoiser {
 public:
  Cfg(const Settings& settings, GuidanceParts parts)
      : scale_(settings.scale), rescale_(settings.shared.rescale), parts_(std::move(parts)) {}

  const Schedule& schedule() const override { return parts_.denoiser->schedule(); }

  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    if (scale_ == 1) return parts_.denoiser->denoise(x_t, t, condition);
    if (scale_ == 0 && rescale_.share == 0) {
      check_times("guidance cfg", x_t, t);
      if (condition.empty()) fail(Code::usage, "guidance cfg", "condition to guide by", "a label or tokens", "none");
      return parts_.denoiser->denoise(x_t, t, negative_like(condition, parts_.negative, x_t.size(0)));
    }
    const Denoised both = denoise_both("guidance cfg", parts_, x_t, t, condition);
    Denoised out;
    out.x0 = guide(x_t, t, both.x0);
    if (both.x0_direction) out.x0_direction = guide(x_t, t, *both.x0_direction);
    // The reverse step's variance belongs to the conditional law.
    if (both.variance_share) out.variance_share = both.variance_share->narrow(0, 0, x_t.size(0));
    return out;
  }

 private:
  /// halves: [2B, ...], conditional first.
  Tensor guide(const Tensor& x_t, std::span<const double> t, const Tensor& halves) const {
    const int64_t batch = halves.size(0) / 2;
    const Tensor positive = halves.narrow(0, 0, batch);
    const Tensor guided = halves.narrow(0, batch, batch).mul(1 - scale_).add_(positive, scale_);
    return rescale_.apply(schedule(), x_t, t, guided, positive);
  }

  double scale_;
  GuidanceRescale rescale_;
  GuidanceParts parts_;
};

}  // namespace

namespace guidance {

Entry cfg() {
  Entry entry;
  entry.name = "cfg";
  entry.summary = "Classifier-free guidance: x0 = x0_negative + scale (x0_positive - x0_negative)";
  entry.source = "Ho and Salimans 2022, eq. 6 (scale = 1 + w)";
  entry.off_at_one = "scale";
  entry.bind = [](Binder& b) { Settings().bind(b); };
  entry.make = [](Binder& b, GuidanceParts parts) {
    Settings settings;
    settings.bind(b);
    return settings.shared.around(std::make_shared<const Cfg>(settings, parts), parts);
  };
  return entry;
}

}  // namespace guidance
}  // namespace roulade
