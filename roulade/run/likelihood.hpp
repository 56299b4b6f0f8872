// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/description.hpp"
#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

struct LikelihoodRequest {
  std::filesystem::path data;       ///< a table with the run's columns; empty = the test split
  int64_t count = 1000;             ///< rows at most; 0 = all (of a generator 1000)
  double tolerance = 1e-5;          ///< of the ODE's steps
  std::string divergence = "auto";  ///< "auto", "exact" or "hutchinson"
  int64_t probes = 8;               ///< of Hutchinson
  std::optional<double> t_min;      ///< where the data stand; absent = the schedule's
  bool labels = true;               ///< each row's density given its class or first text, where the run has any
  bool bound = true;                ///< the variational bound beside it, where the schedule is discrete
  ProgressFn progress;
  Cancel cancel;
};

/// Log densities in nats, in the data's own units: those of scaled points less the sum of the scaling's log deviations.
struct LikelihoodResult {
  Points points;       ///< in the data's own units
  std::string source;  ///< "test split" or the file

  std::vector<double> log_density;  ///< of each row by the probability-flow ODE
  std::vector<double> probe_error;  ///< of each row: Hutchinson's standard error, or 0
  std::vector<double> bound;        ///< of each row: the bound's estimate of log p, from below; or empty
  std::vector<double> law;          ///< of each row: the data's known law; or empty
  std::vector<double> noised_law;   ///< the same with the noise at which the data stand: the best that can be reached

  double least_noise = 0;     ///< sigma / alpha where the data stand, in units of the scaled data
  double prior_mismatch = 0;  ///< mean KL(q(x_1 | x_0) || prior), nats
  double solver_error = 0;    ///< change of the mean at a tenth of the tolerance, over the first rows
  double row_error = 0;       ///< the same of a single row, mean magnitude
  double calls = 0;           ///< network calls of the ODE, mean over rows
  int64_t bound_calls = 0;
  double seconds = 0, bound_seconds = 0;
  bool finished = true;  ///< false: cancelled, the figures are worth nothing
};

/// How likely the run's network holds data that it has not seen. Throws Error as its parts do.
LikelihoodResult run_likelihood(const TrainedRun& run, const LikelihoodRequest& request);

/// One row a density: nats and bits per dimension, each with its standard error.
Description describe(const TrainedRun& run, const LikelihoodResult& result);

/// Writes a CSV of the points, each with its densities. Throws Error(io).
void write_likelihoods(const std::filesystem::path& path, const TrainedRun& run, const LikelihoodResult& result);

}  // namespace roulade
