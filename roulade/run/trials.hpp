// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/run/parts.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace roulade {

/// Who waits for a trial. After a cancel it ends with the step under way, and its result says nothing.
struct TrialWatch {
  ProgressFn progress = {};
  Cancel cancel = {};
};

/// Loss of one batch before and after training on nothing else.
struct Overfit {
  double before = 0, after = 0;
  int64_t steps = 0;
  double share() const { return before > 0 ? after / before : 1; }
};

/// Trains on one batch with the same times and noise at every step, by Adam at a constant rate. A network that cannot
/// learn even that has a wrong target, gradient or optimiser. The objective's weights are moved. after = infinity where
/// the loss stopped being finite.
Overfit overfit_one_batch(std::shared_ptr<const Objective> objective, const Batch& batch, int64_t steps, double lr,
                          uint64_t seed, const TrialWatch& watch = {});

/// The loss that a fresh twin of the run's network reaches with each learning rate, constant, after the same steps on
/// the same batches of at most `batch` points; infinity where it stopped being finite.   judge: loss of a network.
std::vector<double> race_rates(const TrainParts& parts, const std::vector<double>& rates, int64_t steps, int64_t batch,
                               const std::function<double(const Model&)>& judge, const TrialWatch& watch = {});

/// Goes on from a checkpoint of a run without averages for some steps, as its recipe says, and averages the weights
/// over them.
struct AveragingTrial {
  std::shared_ptr<const Model> last;      ///< the weights of the last step
  std::shared_ptr<const Model> averaged;  ///< the mean of the weights of all these steps
  double lr = 0;                          ///< of the last step
};
AveragingTrial try_averaging(const TrainParts& parts, const std::filesystem::path& checkpoint, int64_t steps,
                             const TrialWatch& watch = {});

/// Goes on from a network's weights with a fresh optimiser and a rate that falls from `lr` to 0, on the run's batches:
/// what more steps would bring.
std::shared_ptr<const Model> train_on(const TrainParts& parts, const Model& from, double lr, int64_t steps,
                                      const TrialWatch& watch = {});

}  // namespace roulade
