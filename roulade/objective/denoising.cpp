// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/denoising.hpp"

#include "roulade/core/error.hpp"
#include "roulade/objective/fused_denoising.hpp"
#include "roulade/objective/step_noise.hpp"

#include <cmath>
#include <optional>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mean.h>

namespace roulade {

Tensor DenoisingParts::answer(const Tensor& x, const Tensor& noise_level, const Condition& condition) const {
  if (!bfloat16) return model->forward(x, noise_level, condition);
  return model->forward(x.to(at::kBFloat16), noise_level, condition).to(x.scalar_type());
}

namespace {

class Denoising final : public Objective {
 public:
  explicit Denoising(DenoisingParts parts) : p_(std::move(parts)) {
    // A discrete schedule has few times: their coefficients are read from a table.
    const int64_t states = p_.schedule->states();
    for (int64_t i = 1; i <= states; ++i)
      table_.push_back(at_time(static_cast<double>(i) / static_cast<double>(states)));
    if (p_.fused && !p_.bfloat16 && p_.model->point_network())
      fused_.emplace(
          *p_.model, *p_.times, *p_.schedule, *p_.loss, [this](double t) { return look_up(t); }, p_.label_dropout);
  }

  std::vector<ParameterGroup> groups() const override { return {{"denoiser", p_.model->parameters()}}; }

  bool feeds_all_threads() const override { return fused_.has_value(); }

  Tensor loss(const Batch& batch, const StepKey& key, size_t) const override {
    const Tensor& x0 = batch.x0;
    const int64_t n = x0.size(0);
    std::vector<double> t(static_cast<size_t>(n));
    p_.times->draw(*p_.schedule, key, t);

    std::vector<DenoisingLevel> levels;
    bool weighted = false, scaled = false;
    for (const double time : t) {
      levels.push_back(look_up(time));
      weighted = weighted || levels.back().weight != 1;
      scaled = scaled || levels.back().in != 1;
    }
    std::vector<int64_t> shape(static_cast<size_t>(x0.dim()), 1);
    shape[0] = n;
    const auto column = [&](float DenoisingLevel::*quantity) {
      Tensor out = at::empty(shape, at::kFloat);
      float* to = out.mutable_data_ptr<float>();
      for (size_t i = 0; i < levels.size(); ++i) to[i] = levels[i].*quantity;
      return out.to(x0.scalar_type());
    };

    const Tensor eps = step_noise(key, x0);
    Tensor x_t = column(&DenoisingLevel::alpha) * x0 + column(&DenoisingLevel::sigma) * eps;
    if (scaled) x_t = column(&DenoisingLevel::in) * x_t;
    const Tensor target = column(&DenoisingLevel::target_x0) * x0 + column(&DenoisingLevel::target_eps) * eps;
    const Tensor output =
        p_.answer(x_t, column(&DenoisingLevel::noise).view({n}), drop_labels(batch.condition, p_.label_dropout, key));
    Tensor error = p_.loss->values(output, target);
    if (weighted) error = error * column(&DenoisingLevel::weight);
    return error.mean();
  }

  double step(std::span<const Batch> batches, const StepKey& key, Update& update) const override {
    if (!fused_ || !fused_->ready(batches)) return Objective::step(batches, key, update);
    const double mean = fused_->gradients(batches, key);
    update.apply(0, mean);
    return mean;
  }

 private:
  DenoisingLevel at_time(double t) const {
    const Coefficients c = p_.prediction->at(*p_.schedule, t);
    const double alpha = p_.schedule->alpha(t), sigma = p_.schedule->sigma(t);
    const auto f = [](double v) { return static_cast<float>(v); };
    return {.alpha = f(alpha),
            .sigma = f(sigma),
            .in = f(c.in),
            .noise = f(c.noise),
            .target_x0 = f(c.target_x0),
            .target_eps = f(c.target_eps),
            .weight = f(p_.weight->at(alpha, sigma, c))};
  }

  DenoisingLevel look_up(double t) const {
    if (table_.empty()) return at_time(t);
    const auto i = static_cast<size_t>(std::llround(t * static_cast<double>(table_.size())));
    return table_.at(i - 1);
  }

  DenoisingParts p_;
  std::vector<DenoisingLevel> table_;
  std::optional<FusedDenoising> fused_;
};

}  // namespace

std::unique_ptr<Objective> make_denoising(DenoisingParts parts) {
  if (!parts.model || !parts.schedule || !parts.prediction || !parts.times || !parts.weight || !parts.loss)
    fail(Code::usage, "objective", "a part is missing", "model, schedule, prediction, times, weight and loss");
  return std::make_unique<Denoising>(std::move(parts));
}

}  // namespace roulade
