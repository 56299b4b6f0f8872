// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/trials.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/restore.hpp"
#include "roulade/train/batches.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <string>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

namespace roulade {
namespace {

/// An objective whose every step sees the times and the noise of the first.
class SameNoise final : public Objective {
 public:
  explicit SameNoise(std::shared_ptr<const Objective> inner) : inner_(std::move(inner)) {}
  std::vector<ParameterGroup> groups() const override { return inner_->groups(); }
  Tensor loss(const Batch& batch, const StepKey& key, size_t group) const override {
    return inner_->loss(batch, {key.seed, 0, key.first}, group);
  }
  double step(std::span<const Batch> batches, const StepKey& key, Update& update) const override {
    return inner_->step(batches, {key.seed, 0, key.first}, update);
  }

 private:
  std::shared_ptr<const Objective> inner_;
};

/// Constant rate, no warm-up, no averages.
TrainSettings plain(int64_t steps, double lr) {
  TrainSettings settings;
  settings.steps = steps;
  settings.optimiser.lr = lr;
  settings.ema = {};
  return settings;
}

/// False when the loss stopped being finite.   name: of the trial, for who waits.
bool all_steps(Trainer& trainer, int64_t steps, const BatchFn& batches, const TrialWatch& watch, const char* name) {
  const Pace pace("try", steps);
  try {
    for (int64_t i = 0; i < steps && !watch.cancel.requested(); ++i) {
      trainer.step(batches);
      if (watch.progress) watch.progress(pace.at(i + 1, name));
    }
  } catch (const Error& e) {
    if (e.code() != Code::numeric) throw;
    return false;
  }
  return true;
}

}  // namespace

Overfit overfit_one_batch(std::shared_ptr<const Objective> objective, const Batch& batch, int64_t steps, double lr,
                          uint64_t seed, const TrialWatch& watch) {
  const auto same = std::make_shared<const SameNoise>(std::move(objective));
  const auto loss = [&] {
    const at::NoGradGuard no_grad;
    return same->loss(batch, {seed, 0, 0}, 0).item<double>();
  };
  Overfit out;
  out.steps = steps;
  out.before = loss();
  Trainer trainer(same, plain(steps, lr), seed);
  const bool finite = all_steps(
      trainer, steps, [&](int64_t) { return batch; }, watch, "one batch");
  out.after = finite ? loss() : std::numeric_limits<double>::infinity();
  return out;
}

std::vector<double> race_rates(const TrainParts& parts, const std::vector<double>& rates, int64_t steps, int64_t batch,
                               const std::function<double(const Model&)>& judge, const TrialWatch& watch) {
  std::vector<double> out;
  for (const double rate : rates) {
    const Twin twin = make_twin(parts);
    TrainSettings settings = plain(steps, rate);
    settings.optimiser = parts.settings.optimiser;
    settings.optimiser.lr = rate;
    settings.optimiser.decay = "constant";
    settings.optimiser.warmup = std::min(parts.settings.optimiser.warmup, steps / 4);
    Trainer trainer(twin.objective, settings, parts.seed);
    PointBatches batches(parts.training, std::min(batch, parts.settings.batch), parts.seed, parts.shape.sample);
    const std::string name = fmt::format("rate {:.3g}", rate);
    const auto batch_at = [&](int64_t i) { return batches.at(i); };
    const bool finite = all_steps(trainer, steps, batch_at, watch, name.c_str());
    out.push_back(finite ? judge(*twin.model) : std::numeric_limits<double>::infinity());
  }
  return out;
}

AveragingTrial try_averaging(const TrainParts& parts, const std::filesystem::path& checkpoint, int64_t steps,
                             const TrialWatch& watch) {
  const Twin last = make_twin(parts), averaged = make_twin(parts);
  Trainer trainer(last.objective, parts.settings, parts.seed);
  trainer.load(checkpoint);
  PointBatches batches(parts.training, parts.settings.batch, parts.seed, parts.shape.sample);
  const NamedWeights from = last.model->parameters(), to = averaged.model->parameters();
  AveragingTrial out{last.model, averaged.model, 0};
  const at::NoGradGuard no_grad;
  const Pace pace("try", steps);
  for (int64_t n = 1; n <= steps && !watch.cancel.requested(); ++n) {
    {
      const at::AutoGradMode gradients(true);
      trainer.step([&](int64_t i) { return batches.at(i); });
    }
    for (size_t k = 0; k < from.size(); ++k) {
      const Tensor &w = from[k].second.stored(), &mean = to[k].second.stored();
      if (!w.is_floating_point()) continue;
      mean.add_((w - mean) / static_cast<double>(n));
    }
    if (watch.progress) watch.progress(pace.at(n, "averages"));
  }
  out.lr = trainer.take_row().lr.value_or(0);
  return out;
}

std::shared_ptr<const Model> train_on(const TrainParts& parts, const Model& from, double lr, int64_t steps,
                                      const TrialWatch& watch) {
  const Twin twin = make_twin(parts);
  std::map<std::string, Tensor> weights;
  for (const auto& [name, weight] : from.parameters()) weights[name] = weight.stored().detach();
  for (const auto& [name, weight] : twin.model->parameters()) restore(weight.stored(), weights, name);
  TrainSettings settings = plain(steps, lr);
  settings.optimiser = parts.settings.optimiser;
  settings.optimiser.lr = lr;
  settings.optimiser.lr_end = 0;
  settings.optimiser.decay = "linear";
  settings.optimiser.warmup = steps / 10;  // Adam's first steps know no gradients yet
  Trainer trainer(twin.objective, settings, parts.seed);
  PointBatches batches(parts.training, parts.settings.batch, parts.seed + 1, parts.shape.sample);
  const auto batch_at = [&](int64_t i) { return batches.at(i); };
  all_steps(trainer, steps, batch_at, watch, "more steps");
  return twin.model;
}

}  // namespace roulade
