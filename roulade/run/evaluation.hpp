// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/eval/protocol.hpp"
#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

struct Evaluation {
  ProtocolResult result;
  int64_t pairs = 0;
  int64_t count = 0;          ///< points a set
  std::string reference;      ///< what generated sets are compared with: "fresh points" or "test split (123 rows)"
  std::string prompts;        ///< which texts the samples show, of a network that reads any; empty = sample.prompt
  double sample_seconds = 0;  ///< time spent in sampling
  double seconds = 0;
  bool finished = true;
};

/// Judges a run by the protocol of [eval]. A network that reads texts is told those of the real pictures that its
/// samples stand beside, unless sample.prompt says another. Writes nothing but features of real pictures, for the next
/// time (eval. features_cache; else RUN/features/).
Evaluation evaluate_run(const TrainedRun& run, const ProgressFn& progress = {}, const Cancel& cancel = {});

/// The evaluation as JSON text, as RUN/eval.json holds it.
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
