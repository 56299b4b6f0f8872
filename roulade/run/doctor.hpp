// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/run/description.hpp"
#include "roulade/run/level_losses.hpp"
#include "roulade/run/sampling.hpp"
#include "roulade/run/statistics.hpp"
#include "roulade/run/training_history.hpp"
#include "roulade/run/trials.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// Mean losses of the points in one range of noise levels, in the objective's output space with its weight.
struct LevelLoss {
  double noise = 0;                    ///< sigma / alpha, the median of the range
  double held_out = 0;                 ///< of the weights in use
  std::optional<double> irreducible;   ///< of the exact denoiser on the same points
  double gaussian = 0;                 ///< of the best linear denoiser on the same points
  double training = 0, memoriser = 0;  ///< of the weights in use and of the memoriser, on training points
};

/// All that the doctor measures. Losses are means over points with the objective's weight and times.
struct RunFigures {
  int64_t step = 0, steps = 0;  ///< done, planned
  int64_t training_rows = 0;
  int64_t parameters = 0;
  double lr = 0;             ///< train.lr
  bool averages = false;     ///< train.ema is not empty
  bool uses_average = true;  ///< sample.weights = ema, and there is one
  TrainingHistory history;

  std::vector<LevelLoss> levels;
  Mean held_out, training, memoriser;  ///< of the weights in use; the memoriser on training points
  /// Of a network that reads texts: held-out loss of the weights in use under another point's text, and that minus
  /// held_out, paired. Absent: it reads none, or all texts are the same.
  std::optional<Mean> other_text, text_gain;
  bool texts = false;  ///< the network is told each point's own first text
  Mean raw_training;   ///< of the last weights on training points: what the record should say
  double gaussian = 0, gaussian_training = 0;
  std::optional<double> irreducible;
  std::optional<Mean> excess;  ///< weighted squared distance to the exact denoiser's answer
  double learnable = 0;        ///< the same of the best linear denoiser

  double weight_norm = 0, fresh_norm = 0;  ///< root of the sum of squares of all weights: last ones, and as drawn
  std::string bad_weight;                  ///< the first that is not finite
  Overfit overfit;
  double race_lr = 0, race_low = 0;  ///< loss after a short training with lr and with lr / 10
  int64_t race_steps = 0;
  double raw_loss = 0, averaged_loss = 0;  ///< held-out, or excess where it is known
  Mean averaging_gain;                     ///< raw - averaged, paired
  bool averaging_is_trial = false;
  double more_before = 0, more_after = 0;  ///< held-out or excess, before and after more steps with a falling rate
  Mean more_gain;
  int64_t more_steps = 0;

  double nearer = 0.5, nearer_error = 0;  ///< share of pairs (sample, held-out point) whose sample is nearer to a
                                          ///< training point: 0.5 = like new data, 1 = copies
  std::string sampler;
  int64_t sample_steps = 0, fine_steps = 0;           ///< fine_steps 0: nothing finer can be asked
  double distance = 0, fine_distance = 0, floor = 0;  ///< sliced Wasserstein from fresh points
  Mean sampler_gain;
  bool finished = true;  ///< false: cancelled
  double seconds = 0;
};

struct DoctorRequest {
  bool quick = false;  ///< a quarter of the points and shorter trials
  ProgressFn progress = {};
  Cancel cancel = {};  ///< heard within a step of a trial, and between the steps of samples
};

/// Measures a run: nothing of it is changed. Trains twins of its network for a few hundred steps in all. Of pictures it
/// takes a quarter of the points and a sixteenth of the samples, which take as long.
/// Throws Error(input) where the run has no held-out points or a damaged metrics.jsonl, and as reading its data does.
RunFigures measure_run(const TrainedRun& run, const DoctorRequest& request = {});

enum class Verdict { good, look, bad, unknown };
std::string to_text(Verdict verdict);

/// One question, its answer, and the sentence with the figure behind it.
struct Check {
  std::string name;
  Verdict verdict = Verdict::good;
  std::string finding;
  std::string advice;  ///< what to do; empty where nothing is wrong
};

struct Diagnosis {
  std::string first;  ///< the one thing to do first
  std::vector<Check> checks;

  const Check& find(const std::string& name) const;  ///< throws Error(usage) for an unknown name
};

/// Verdicts from the figures alone; docs/doctor.md gives each limit.
Diagnosis diagnose(const RunFigures& figures);

/// What `roulade doctor` prints.
Description describe(const TrainedRun& run, const RunFigures& figures, const Diagnosis& diagnosis);

}  // namespace roulade
