// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/guidance/shared.hpp"

#include <utility>

namespace roulade {
namespace {

constexpr auto kWhere = "guidance autoguidance";

struct Settings {
  double scale = 2;
  double condition_scale = 1;
  std::string weak;
  int64_t weak_step = 0;
  SharedGuidance shared;

  void bind(Binder& b) {
    b.add("scale", scale, Range{}, "how far from the weak network's answer; 1 = off, 0 = the weak one's");
    b.add("condition_scale", condition_scale, Range{}, "weight of the condition beside, as cfg's scale; 1 = off");
    b.add("weak", weak, {}, "the weak network: a run, or a checkpoint's folder (RUN/checkpoints/step-...)");
    b.add("weak_step", weak_step, at_least(0),
          "or this run's own checkpoint of this step (train.keep_steps); 0 = none");
    shared.bind(b);
  }
};

class Autoguidance final : public Denoiser {
 public:
  Autoguidance(Settings settings, GuidanceParts parts) : set_(std::move(settings)), parts_(std::move(parts)) {}

  const Schedule& schedule() const override { return parts_.denoiser->schedule(); }

  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    check_times(kWhere, x_t, t);
    const int64_t batch = x_t.size(0);
    const bool both = set_.condition_scale != 1;
    const Denoised strong =
        both ? denoise_both(kWhere, parts_, x_t, t, condition) : parts_.denoiser->denoise(x_t, t, condition);
    if (!both && set_.scale == 1) return strong;
    const Denoised weak = set_.scale == 1 ? Denoised{} : parts_.weak->denoise(x_t, t, condition);
    const auto sum = [&](const Tensor& answers, const Tensor& of_weak) {
      const Tensor positive = answers.narrow(0, 0, batch);
      Tensor x0 = positive.mul(set_.scale + set_.condition_scale - 1);
      if (of_weak.defined()) x0.add_(of_weak, 1 - set_.scale);
      if (both) x0.add_(answers.narrow(0, batch, batch), 1 - set_.condition_scale);
      return set_.shared.rescale.apply(schedule(), x_t, t, x0, positive);
    };
    Denoised out;
    out.x0 = sum(strong.x0, weak.x0);
    if (strong.x0_direction || weak.x0_direction) out.x0_direction = sum(strong.direction(), weak.direction());
    if (strong.variance_share) out.variance_share = strong.variance_share->narrow(0, 0, batch);
    return out;
  }

 private:
  Settings set_;
  GuidanceParts parts_;
};

}  // namespace

namespace guidance {

Entry autoguidance() {
  Entry entry;
  entry.name = "autoguidance";
  entry.summary = "Away from a weaker network of the same task: x0 = x0_weak + scale (x0 - x0_weak)";
  entry.source = "Karras et al. 2024 (guiding a diffusion model with a bad version of itself), eq. 3 and section 4";
  entry.needs_weak = true;
  entry.off_at_one = "condition_scale";
  entry.bind = [](Binder& b) { Settings().bind(b); };
  entry.make = [](Binder& b, GuidanceParts parts) {
    Settings settings;
    settings.bind(b);
    if (!parts.weak && settings.scale != 1)
      fail(Code::usage, "guidance.weak", "weak network", "a run, a checkpoint's folder or a weak_step",
           settings.weak.empty() ? "none" : settings.weak);
    return settings.shared.around(std::make_shared<const Autoguidance>(settings, parts), parts);
  };
  return entry;
}

}  // namespace guidance
}  // namespace roulade
