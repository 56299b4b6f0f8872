// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/eval/nearness.hpp"
#include "roulade/eval/obedience.hpp"
#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

/// What judges whether pictures obey.
struct ObedienceJudges {
  std::filesystem::path judges;  ///< a folder with a judge for each attribute, by its name (roulade judge --attribute)
  /// Of emoji: EfficientNet-lite0's weights and the folder of a text encoder, which the ridge map is fitted between.
  std::filesystem::path features, encoder;
  bool any() const { return !judges.empty() || !features.empty() || !encoder.empty(); }
  /// Throws Error(usage) unless one of the two is given whole: a folder of judges, or features and an encoder.
  void check() const;
};

struct ObedienceRequest {
  /// Whose texts: the test part's, which the run has never seen; those of the training pictures that are kept for its
  /// validation, to choose settings by; or those that it was trained on.
  enum class Part { test, validation, train } part = Part::test;
  int64_t texts = 0;  ///< at most, drawn by the seed; 0 = all of the part
  int64_t each = 1;   ///< pictures a text
  ObedienceJudges by;
  uint64_t seed = 0;
  ProgressFn progress;
  Cancel cancel;
};

/// Whether a run's pictures show what their texts ask for, by judges that know the texts' parts from the metadata.
struct Obedience {
  std::vector<ObedienceFigure> samples;
  std::vector<ObedienceFigure> real;  ///< the same figures of the real pictures with these texts, in the same order
  /// How far samples, and the real pictures of their texts, are from the nearest picture that the run was trained on. A
  /// real one that it was trained on is not its own nearest.
  Nearness near_samples, near_real;
  uint64_t seed = 0;                 ///< of texts and samples
  int64_t each = 1;                  ///< pictures a text
  int64_t texts = 0;                 ///< judged
  std::string split;                 ///< "test", "validation" or "train"
  std::string options;               ///< of `roulade obey RUN`, that ask for the same again
  std::vector<std::string> prompts;  ///< of the first samples
  /// In turn of the samples; where there are as many, of those alone that passed through the network with `shown`.
  std::vector<std::string> drawn_prompts;
  PointSamples shown;  ///< these samples
  double seconds = 0;
  bool finished = true;
};

/// Draws pictures for the first wording of each text of a part of the run's data, and judges them: each attribute that
/// has a judge in `judges` (judge_attributes), or emoji by retrieval and ground (judge_emoji), whose candidates are the
/// names of the part, of the others as many as of the test, drawn by the seed.
/// Throws Error(usage) for a run that reads no text or keeps no pictures for the validation that is asked for, and
/// where it is not said what judges; Error(io) and Error(input) as the data, judges and encoders do.
Obedience judge_run_obedience(const TrainedRun& run, const ObedienceRequest& request);

/// The figures, how the pictures were sampled, and the prompts of those shown as JSON text, as RUN/obedience-test.json
/// holds them.
std::string to_json(const TrainedRun& run, const Obedience& obedience);

}  // namespace roulade
