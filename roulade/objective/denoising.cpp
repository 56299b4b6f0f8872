// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/denoising.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"

#include <array>
#include <cmath>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/where.h>

namespace roulade {
namespace {

class Denoising final : public Objective {
 public:
  explicit Denoising(DenoisingParts parts) : p_(std::move(parts)) {
    // A discrete schedule has few times: their coefficients are read from a table.
    const int64_t states = p_.schedule->states();
    for (int64_t i = 1; i <= states; ++i)
      table_.push_back(at_time(static_cast<double>(i) / static_cast<double>(states)));
  }

  std::vector<ParameterGroup> groups() const override { return {{"denoiser", p_.model->parameters()}}; }

  Tensor loss(const Batch& batch, const StepKey& key, size_t) const override {
    const Tensor& x0 = batch.x0;
    const int64_t n = x0.size(0);
    std::vector<double> t(static_cast<size_t>(n));
    p_.times->draw(*p_.schedule, key, t);

    // One row a quantity, so that each column vector below is contiguous.
    Tensor rows = at::empty({kQuantities, n}, at::kFloat);
    float* to = rows.mutable_data_ptr<float>();
    bool weighted = false, scaled = false;
    for (int64_t i = 0; i < n; ++i) {
      const Row row = look_up(t[static_cast<size_t>(i)]);
      for (int64_t q = 0; q < kQuantities; ++q) to[q * n + i] = row[static_cast<size_t>(q)];
      weighted = weighted || row[kWeight] != 1;
      scaled = scaled || row[kIn] != 1;
    }
    const auto column = [&](int64_t q) {
      std::vector<int64_t> shape(static_cast<size_t>(x0.dim()), 1);
      shape[0] = n;
      return rows.select(0, q).view(shape).to(x0.scalar_type());
    };

    const Tensor eps = noise(x0, key);
    Tensor x_t = column(kAlpha) * x0 + column(kSigma) * eps;
    if (scaled) x_t = column(kIn) * x_t;
    const Tensor target = column(kTargetX0) * x0 + column(kTargetEps) * eps;
    const Tensor output = p_.model->forward(x_t, rows.select(0, kNoise).to(x0.scalar_type()), dropped(batch, key));
    Tensor error = p_.loss->values(output, target);
    if (weighted) error = error * column(kWeight);
    return error.mean();
  }

 private:
  enum : int64_t { kAlpha, kSigma, kIn, kNoise, kTargetX0, kTargetEps, kWeight, kQuantities };
  using Row = std::array<float, kQuantities>;

  Row at_time(double t) const {
    const Coefficients c = p_.prediction->at(*p_.schedule, t);
    const double w = p_.weight->at(p_.schedule->log_snr(t), c);
    const double values[] = {p_.schedule->alpha(t), p_.schedule->sigma(t), c.in, c.noise, c.target_x0, c.target_eps, w};
    Row row{};
    for (size_t q = 0; q < row.size(); ++q) row[q] = static_cast<float>(values[q]);
    return row;
  }

  Row look_up(double t) const {
    if (table_.empty()) return at_time(t);
    const auto i = static_cast<size_t>(std::llround(t * static_cast<double>(table_.size())));
    return table_.at(i - 1);
  }

  static Tensor noise(const Tensor& x0, const StepKey& key) {
    Tensor eps = at::empty(x0.sizes(), at::kFloat);
    const int64_t width = x0.numel() / x0.size(0);
    fill_normal({key.seed, Stream::noise, static_cast<uint64_t>(key.step)}, key.first, width,
                std::span<float>(eps.mutable_data_ptr<float>(), static_cast<size_t>(eps.numel())));
    return eps.to(x0.scalar_type());
  }

  Condition dropped(const Batch& batch, const StepKey& key) const {
    Condition condition = batch.condition;
    if (!condition.label || p_.label_dropout <= 0) return condition;
    const Tensor& label = *condition.label;
    std::vector<double> u(static_cast<size_t>(label.size(0)));
    fill_uniform({key.seed, Stream::dropout, static_cast<uint64_t>(key.step)}, key.first, 1, u);
    Tensor kept = label.clone();
    int64_t* to = kept.mutable_data_ptr<int64_t>();
    for (size_t i = 0; i < u.size(); ++i)
      if (u[i] < p_.label_dropout) to[i] = -1;
    condition.label = kept;
    return condition;
  }

  DenoisingParts p_;
  std::vector<Row> table_;
};

}  // namespace

std::unique_ptr<Objective> make_denoising(DenoisingParts parts) {
  if (!parts.model || !parts.schedule || !parts.prediction || !parts.times || !parts.weight || !parts.loss)
    fail(Code::usage, "objective", "a part is missing", "model, schedule, prediction, times, weight and loss");
  return std::make_unique<Denoising>(std::move(parts));
}

}  // namespace roulade
