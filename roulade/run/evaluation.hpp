// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/eval/protocol.hpp"
#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

struct EvaluationOptions {
  /// Below 1: samples begin with points of the training part and as much noise as the last floor(strength n) steps of
  /// the grid take away (see last_steps). What their figures then lack is lacking at these noise levels.
  double strength = 1;
};

struct Evaluation {
  ProtocolResult result;
  double strength = 1;
  double begins_at = 0;  ///< sigma / alpha of the noise that samples begin with; 0 where strength is 1
  int64_t pairs = 0;
  int64_t count = 0;          ///< points a set
  std::string reference;      ///< what generated sets are compared with: "fresh points" or "test split (123 rows)"
  std::string prompts;        ///< which texts the samples show, of a network that reads any; empty = sample.prompt
  double sample_seconds = 0;  ///< time spent in sampling
  double seconds = 0;
  bool finished = true;
};

/// Judges a run by the protocol of [eval]. A network that reads texts is told those of the real pictures that its
/// samples stand beside, or begin with, unless sample.prompt says another. Writes nothing but features of real
/// pictures, for the next time (eval. features_cache; else RUN/features/). Throws Error(usage) for a strength outside
/// of (0, 1], and one below 1 where a sample takes one call or an autoencoder is judged.
Evaluation evaluate_run(const TrainedRun& run, const ProgressFn& progress = {}, const Cancel& cancel = {},
                        const EvaluationOptions& options = {});

/// A figure's name with all that it depends on: one of features has split and count behind theirs,
/// "frechet_lite0_test_10000" for 10,000 samples beside as many pictures of the test split; others have their own name.
std::string full_name(const FigureResult& figure, const Evaluation& evaluation);

/// The evaluation as JSON text, as RUN/eval.json holds it (RUN/eval-strength-S.json where S is below 1).
std::string to_json(const TrainedRun& run, const Evaluation& evaluation);

/// What a report shows beside what it always shows.
struct ReportOptions {
  bool samplers = false;  ///< compare all samplers at a few network calls: takes seconds
  /// Lines of JSON, each {"name", "seconds", "sliced_wasserstein"} and, where known, "energy", "floor",
  /// "energy_floor": error against seconds of training, a curve a name. Empty = RUN/error_curve.jsonl, if there is one.
  std::filesystem::path curve;
};

/// Draws samples and writes RUN/report/ (see write_report); the figures are those of RUN/eval.json, if there is one.
std::vector<std::filesystem::path> report_run(const TrainedRun& run, const ProgressFn& progress = {},
                                              const Cancel& cancel = {}, const ReportOptions& options = {});

/// One page of several runs side by side in the folder `out`: figures, samples, losses, what they were made of.
std::vector<std::filesystem::path> compare_runs(const std::vector<TrainedRun>& runs, const std::filesystem::path& out,
                                                const ProgressFn& progress = {}, const Cancel& cancel = {});

}  // namespace roulade
