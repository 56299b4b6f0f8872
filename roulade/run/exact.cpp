// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/exact.hpp"

#include "roulade/core/error.hpp"
#include "roulade/run/settings.hpp"

namespace roulade {
namespace {

/// A law whose components are no classes has nothing to pick by label.
class WithoutCondition final : public Denoiser {
 public:
  explicit WithoutCondition(std::shared_ptr<const Denoiser> inner) : inner_(std::move(inner)) {}
  const Schedule& schedule() const override { return inner_->schedule(); }
  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition&) const override {
    return inner_->denoise(x_t, t, {});
  }

 private:
  std::shared_ptr<const Denoiser> inner_;
};

Mixture law_of(const TrainedRun& run) {
  if (run.generator) fail(Code::usage, "exact denoiser", "the run's samples take one network call and no denoiser");
  if (const std::optional<Mixture> law = scaled_law(run)) return *law;
  fail(Code::usage, "exact denoiser", "the exact law of these data is not known",
       one_scale(run.facts.scaling) ? "" : "one deviation for all columns (data.scale)");
}

std::shared_ptr<const ExactDenoiser> exact_mixture(const TrainedRun& run, const Mixture& law) {
  return make_exact_mixture(run.schedule, law.weights, law.means, law.deviations);
}

}  // namespace

std::optional<Mixture> scaled_law(const TrainedRun& run) {
  if (run.facts.pictures()) return std::nullopt;  // and they would be read once more
  return scaled_law(*make_source(run.recipe.tables.at("data")), run.facts.scaling);
}

std::shared_ptr<const ExactDenoiser> make_exact_denoiser(const TrainedRun& run) {
  return exact_mixture(run, law_of(run));
}

TrainedRun with_exact_denoiser(TrainedRun run) {
  const Mixture law = law_of(run);
  run.denoiser = exact_mixture(run, law);
  if (!law.by_class) run.denoiser = std::make_shared<WithoutCondition>(run.denoiser);
  return run;
}

}  // namespace roulade
