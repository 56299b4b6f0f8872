// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/trainer.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/restore.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/tensor_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

constexpr int kFormat = 1;

/// The name of the first weight that is not finite; empty if all are.
std::string first_bad(const std::vector<ParameterGroup>& groups) {
  for (const ParameterGroup& group : groups)
    for (const auto& [name, weight] : group.weights)
      if (weight.stored().scalar_type() == at::kFloat) {
        const Tensor flat = weight.stored().detach().contiguous();
        const float* v = flat.const_data_ptr<float>();
        for (int64_t i = 0; i < flat.numel(); ++i)
          if (!std::isfinite(v[i])) return name;
      }
  return "";
}

/// Each gradient becomes its mean over the ranks, whose shares are equal; a weight without one counts as 0.
void average_gradients(const NamedWeights& weights, Ranks& ranks) {
  at::NoGradGuard no_grad;
  std::vector<Tensor> gradients;
  for (const auto& [name, weight] : weights) {
    const Tensor& value = weight.stored();
    if (!value.requires_grad()) continue;
    Tensor& gradient = value.mutable_grad();
    gradient = gradient.defined() ? gradient.contiguous() : at::zeros_like(value);
    gradients.push_back(gradient);
  }
  ranks.all_reduce_sum(gradients);
  for (Tensor& gradient : gradients) gradient.div_(ranks.size());
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

}  // namespace

void TrainSettings::bind(Binder& b) {
  b.add("steps", steps, at_least(0), "optimiser steps in all");
  b.add("batch", batch, at_least(1), "samples a batch");
  b.add("accumulate", accumulate, at_least(1), "batches whose gradients are added before a step");
  optimiser.bind(b);
  b.add("ema", ema, {0, 1 - 1e-12, false}, "decays of the averaged weights; the first is used by sample and eval");
  b.add(
      "ema_posthoc", ema_posthoc, {0, kWidestPowerAverage, true},
      "relative widths of power-function averages kept for a choice of their length after training; two serve: [0.05, "
      "0.10]");
  b.add("ema_snapshot_every", ema_snapshot_every, at_least(0),
        "steps between snapshots of those averages; 0 = thirty in all");
  b.add("precision", precision, {kFloat32, kBfloat16, kAuto},
        "numbers that the network computes in; auto = bf16 where a step is measured to be a tenth faster");
  b.add("log_every", log_every, at_least(1), "steps between rows of metrics");
  b.add("validate_every", validate_every, at_least(0), "steps between validation losses; 0 = never");
  b.add("checkpoint_every", checkpoint_every, at_least(0), "steps between checkpoints; 0 = only at the end");
  b.add("preview_every", preview_every, at_least(0),
        "steps between pictures of samples in RUN/previews, from the same noise each time; 0 = none");
  b.add("keep", keep, at_least(1), "checkpoints kept, the latest ones (the best one stays besides)");
  b.add("keep_steps", keep_steps, at_least(1), "steps whose checkpoint is written and kept besides");
}

int64_t TrainSettings::snapshot_every() const {
  constexpr int64_t kSnapshots = 30;
  if (ema_posthoc.empty()) return 0;
  return ema_snapshot_every > 0 ? ema_snapshot_every : std::max<int64_t>(1, steps / kSnapshots);
}

void TrainSettings::check(int64_t processes) const {
  if (batch % processes != 0)
    fail(Code::usage, "train.batch", "samples a batch", fmt::format("a multiple of {}, the processes", processes),
         fmt::format("{}", batch));
  for (const double step : keep_steps)
    if (step != std::floor(step)) fail(Code::usage, "train.keep_steps", "a step", "whole", fmt::format("{}", step));
  for (const double width : ema_posthoc)
    if (std::count(ema_posthoc.begin(), ema_posthoc.end(), width) > 1)
      fail(Code::usage, "train.ema_posthoc", "widths", "all different", fmt::format("{} twice", width));
}

bool TrainSettings::keeps(int64_t step) const {
  return std::find(keep_steps.begin(), keep_steps.end(), static_cast<double>(step)) != keep_steps.end();
}

std::string Trainer::power_prefix(size_t i) { return fmt::format("power.{}.", i); }

Trainer::Trainer(std::shared_ptr<const Objective> objective, const TrainSettings& settings, uint64_t seed,
                 std::shared_ptr<Ranks> ranks)
    : objective_(std::move(objective)),
      settings_(settings),
      seed_(seed),
      ranks_(ranks ? std::move(ranks) : std::make_shared<Ranks>()),
      groups_(objective_->groups()) {
  settings_.check(ranks_->size());
  for (const ParameterGroup& group : groups_) optimisers_.emplace_back(settings_.optimiser, group.weights);
  for (const double decay : settings_.ema) averages_.emplace_back(decay, groups_.front().weights);
  for (const double width : settings_.ema_posthoc) powers_.emplace_back(width, groups_.front().weights);
}

void Trainer::apply(size_t group, double loss) {
  // All that the ranks exchange comes before the weights move: a step is done with its loss known, or not at all.
  if (group == 0) step_loss_ = mean(ranks_->all_gather(loss));
  if (ranks_->size() > 1) average_gradients(groups_[group].weights, *ranks_);
  whole_ = groups_.size() == 1;
  std::vector<AverageStep> averages;
  if (group == 0) {
    for (const Ema& average : averages_) averages.push_back(average.step(average.decay_after(done_)));
    for (const PowerAverage& average : powers_) averages.push_back(average.step(done_ + 1));
  }
  const double norm = optimisers_[group].apply(last_lr_, done_ + 1, averages);
  if (group == 0) last_norm_ = norm;
}

void Trainer::step(const BatchFn& batches) {
  // The samples of a step are numbered through its batches; each rank takes as many, one behind the other.
  const int64_t share = settings_.batch / ranks_->size();
  const int64_t index = (done_ * ranks_->size() + ranks_->rank()) * settings_.accumulate;
  StepKey key{seed_, done_, ranks_->rank() * settings_.accumulate * share};
  if (ranks_->size() > 1) key.batch = settings_.batch;
  std::vector<Batch> micro;
  for (int64_t i = 0; i < settings_.accumulate; ++i) micro.push_back(batches(index + i));
  last_lr_ = learning_rate(settings_.optimiser, done_, settings_.steps);
  try {
    objective_->step(micro, key, *this);
  } catch (const Error& e) {
    if (e.code() != Code::numeric) throw;
    throw Error(Code::numeric, fmt::format("{} at step {} (lower train.lr or set train.clip)", e.what(), done_ + 1));
  }
  if (!std::isfinite(step_loss_)) {
    const std::string bad = first_bad(groups_);
    fail(Code::numeric, "train",
         fmt::format("the loss is not finite at step {}{} (lower train.lr or set train.clip)", done_ + 1,
                     bad.empty() ? "" : fmt::format("; the first weight that is not finite is '{}'", bad)));
  }
  ++done_;
  whole_ = true;
  last_loss_ = step_loss_;
  loss_sum_ += last_loss_;
  ++loss_count_;
}

bool Trainer::any(bool here) {
  const std::vector<double> all = ranks_->all_gather(here ? 1 : 0);
  return std::any_of(all.begin(), all.end(), [](double there) { return there != 0; });
}

void Trainer::share() {
  if (ranks_->size() == 1) return;
  std::array counters = {static_cast<double>(done_), loss_sum_, static_cast<double>(loss_count_), last_loss_,
                         best_validation_};
  std::vector<Tensor> all{at::from_blob(counters.data(), {static_cast<int64_t>(counters.size())}, at::kDouble)};
  for (const auto& [name, tensor] : tensors()) all.push_back(tensor);
  ranks_->broadcast(all);
  for (const Tensor& tensor : all) tensor.unsafeGetTensorImpl()->bump_version();
  done_ = static_cast<int64_t>(counters[0]);
  loss_sum_ = counters[1];
  loss_count_ = static_cast<int64_t>(counters[2]);
  last_loss_ = counters[3];
  best_validation_ = counters[4];
}

MetricRow Trainer::take_row() {
  MetricRow row;
  row.step = done_;
  if (loss_count_ > 0) {
    row.loss = loss_sum_ / static_cast<double>(loss_count_);
    row.lr = last_lr_;
    row.gradient_norm = last_norm_;
  }
  loss_sum_ = 0;
  loss_count_ = 0;
  return row;
}

bool Trainer::note_validation(double loss) {
  if (!(loss < best_validation_)) return false;
  best_validation_ = loss;
  return true;
}

std::map<std::string, Tensor> Trainer::sampled() const {
  if (!averages_.empty()) return averages_.front().values();
  std::map<std::string, Tensor> out;
  for (const auto& [name, weight] : groups_.front().weights) out[name] = weight.stored().detach();
  return out;
}

std::map<std::string, Tensor> Trainer::tensors() const {
  std::map<std::string, Tensor> out;
  for (size_t g = 0; g < groups_.size(); ++g) {
    const std::string prefix = groups_[g].name + ".";
    for (const auto& [name, weight] : groups_[g].weights) out[prefix + "raw." + name] = weight.stored().detach();
    optimisers_[g].save(out, prefix);
  }
  for (size_t i = 0; i < averages_.size(); ++i) averages_[i].save(out, fmt::format("ema.{}.", i));
  for (size_t i = 0; i < powers_.size(); ++i) powers_[i].save(out, power_prefix(i));
  return out;
}

void Trainer::save(const std::filesystem::path& folder) const {
  write_tensors(folder / kTensorsFile, tensors());

  nlohmann::ordered_json state = {{"format", kFormat},         {"step", done_},           {"loss_sum", loss_sum_},
                                  {"loss_count", loss_count_}, {"last_loss", last_loss_}, {"ema", settings_.ema}};
  if (!powers_.empty()) state["ema_posthoc"] = settings_.ema_posthoc;
  if (std::isfinite(best_validation_)) state["best_validation"] = best_validation_;
  write_file_atomically(folder / kStateFile, state.dump(2) + "\n");
}

void Trainer::load(const std::filesystem::path& folder) {
  const std::string where = (folder / kStateFile).string();
  nlohmann::json state;
  try {
    state = nlohmann::json::parse(read_file(folder / kStateFile, 1 << 20));
    if (state.at("format").get<int>() != kFormat)
      fail(Code::input, where, "format", fmt::format("{}", kFormat), state.at("format").dump());
    if (state.at("ema").get<std::vector<double>>() != settings_.ema)
      fail(Code::input, where, "decays of the averages differ from train.ema");
    if (state.value("ema_posthoc", std::vector<double>()) != settings_.ema_posthoc)
      fail(Code::input, where, "widths of the averages differ from train.ema_posthoc");
    done_ = state.at("step").get<int64_t>();
    loss_sum_ = state.at("loss_sum").get<double>();
    loss_count_ = state.at("loss_count").get<int64_t>();
    last_loss_ = state.at("last_loss").get<double>();
    best_validation_ = state.value("best_validation", std::numeric_limits<double>::infinity());
    if (done_ < 0) fail(Code::input, where, "step", "at least 0", fmt::format("{}", done_));
  } catch (const nlohmann::json::exception& e) {
    fail(Code::input, where, fmt::format("damaged training state ({})", e.what()));
  }
  const TensorFile file = read_tensors(folder / kTensorsFile);
  try {
    for (size_t g = 0; g < groups_.size(); ++g) {
      const std::string prefix = groups_[g].name + ".";
      for (const auto& [name, weight] : groups_[g].weights)
        restore(weight.stored(), file.tensors, prefix + "raw." + name);
      optimisers_[g].load(file.tensors, prefix);
    }
    for (size_t i = 0; i < averages_.size(); ++i) averages_[i].load(file.tensors, fmt::format("ema.{}.", i));
    for (size_t i = 0; i < powers_.size(); ++i) powers_[i].load(file.tensors, power_prefix(i));
  } catch (const Error& e) {
    throw Error(e.code(), fmt::format("[{}] the state is not that of this training: {}",
                                      (folder / kTensorsFile).string(), e.what()));
  }
}

}  // namespace roulade
