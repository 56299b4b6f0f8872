// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/objective/objective.hpp"
#include "roulade/train/distributed.hpp"
#include "roulade/train/ema.hpp"
#include "roulade/train/optimiser.hpp"
#include "roulade/train/power_average.hpp"

#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// Values of train.precision.
constexpr const char *kFloat32 = "float32", *kBfloat16 = "bf16", *kAuto = "auto";

/// The options of [train].
struct TrainSettings {
  int64_t steps = 5000;
  int64_t batch = 2048;
  int64_t accumulate = 1;
  OptimiserSettings optimiser;
  std::vector<double> ema = {0.999};
  std::vector<double> ema_posthoc;
  int64_t ema_snapshot_every = 0;
  std::string precision = kFloat32;
  int64_t log_every = 50;
  int64_t validate_every = 1000;
  int64_t checkpoint_every = 1000;
  int64_t preview_every = 0;
  int64_t keep = 2;
  std::vector<double> keep_steps;

  void bind(Binder& b);
  /// Steps between snapshots of the averages of ema_posthoc; 0 = there are none.
  int64_t snapshot_every() const;
  /// Throws Error(usage) for a step in keep_steps that is not whole, a batch that the processes cannot share, a width
  /// of ema_posthoc that stands there twice.
  void check(int64_t processes = 1) const;
  /// Whether keep_steps has it.
  bool keeps(int64_t step) const;
};

/// One line of metrics. Absent figures were not measured at this step.
struct MetricRow {
  int64_t step = 0;            ///< steps done
  std::optional<double> loss;  ///< mean over the steps since the last such row
  std::optional<double> lr, gradient_norm;
  std::optional<double> validation;
  double seconds = 0;  ///< wall clock of the training so far; not part of what resuming reproduces
};

/// Batch number `index`, counted over the whole training. Several processes share out each batch: theirs have
/// train.batch / ranks samples, in the same order.
using BatchFn = std::function<Batch(int64_t index)>;

/// Everything of a training that changes: weights, optimiser, averages, counters.
class Trainer final : private Update {
 public:
  /// ranks: the processes that train together; each takes its share of every batch, and the result is that of one
  /// process but for rounding. None = this one alone. Throws Error(usage) when they do not divide train.batch.
  Trainer(std::shared_ptr<const Objective> objective, const TrainSettings& settings, uint64_t seed,
          std::shared_ptr<Ranks> ranks = nullptr);

  /// One step. Throws Error(numeric) naming the loss or the first tensor that is not finite; the weights are then those
  /// before the step, and so they are where it throws RankLost and is whole().
  void step(const BatchFn& batches);

  int64_t done() const { return done_; }
  /// False after a step that stopped between two groups of weights.
  bool whole() const { return whole_; }
  /// Whether it is true on any rank.
  bool any(bool here);
  /// Makes the state of every rank rank 0's.
  void share();
  double last_loss() const { return last_loss_; }
  /// The row of the steps since the last call.
  MetricRow take_row();
  const std::vector<Ema>& averages() const { return averages_; }
  /// The weights of the first group that samples are made with, by their names: the first average's, or where there is
  /// none the last step's.
  std::map<std::string, Tensor> sampled() const;
  const std::vector<PowerAverage>& power_averages() const { return powers_; }
  /// Notes a validation loss; true when it is the lowest so far.
  bool note_validation(double loss);
  double best_validation() const { return best_validation_; }

  /// What save() writes: weights, optimiser and averages; counters.
  static constexpr const char* kTensorsFile = "training.safetensors";
  static constexpr const char* kStateFile = "training.json";
  /// The prefix of the names of power average number i.
  static std::string power_prefix(size_t i);
  /// Writes both files into an existing folder.
  void save(const std::filesystem::path& folder) const;
  /// Continues as if never stopped. Throws Error(input) when the state does not belong to this objective, Error(io).
  void load(const std::filesystem::path& folder);

 private:
  void apply(size_t group, double loss) override;
  std::map<std::string, Tensor> tensors() const;

  std::shared_ptr<const Objective> objective_;
  TrainSettings settings_;
  uint64_t seed_;
  std::shared_ptr<Ranks> ranks_;
  std::vector<ParameterGroup> groups_;
  std::vector<Optimiser> optimisers_;
  std::vector<Ema> averages_;  ///< of the first group
  std::vector<PowerAverage> powers_;
  int64_t done_ = 0;
  bool whole_ = true;
  double loss_sum_ = 0;
  int64_t loss_count_ = 0;
  double step_loss_ = 0, last_loss_ = 0, last_norm_ = 0, last_lr_ = 0;
  double best_validation_ = std::numeric_limits<double>::infinity();
};

/// What a training calls while it runs; empty functions are skipped. They may throw.
struct TrainHooks {
  std::function<void(const MetricRow&)> row;
  std::function<double()> validate;
  std::function<void()> improved;    ///< after the lowest validation loss so far
  std::function<void()> snapshot;    ///< every snapshot_every() steps, before a checkpoint of that step
  std::function<void()> checkpoint;  ///< every checkpoint_every steps, at the end and when cancelled
  std::function<void(int64_t step)> preview;
};

/// Trains until settings.steps are done. Returns false when `cancel` ended it earlier (the checkpoint hook was then
/// called).
bool train(Trainer& trainer, const TrainSettings& settings, const BatchFn& batches, const TrainHooks& hooks,
           const ProgressFn& progress = {}, const Cancel& cancel = {});

}  // namespace roulade
