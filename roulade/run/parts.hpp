// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/data/byte_rows.hpp"
#include "roulade/latent/autoencoder_kl.hpp"
#include "roulade/model/model.hpp"
#include "roulade/objective/objective.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/run/sampling.hpp"
#include "roulade/train/bucket_batches.hpp"
#include "roulade/train/trainer.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace roulade {

/// The settings of a resolved recipe's table, e.g. settings_of<TrainSettings>(recipe, "train").
template <class Settings>
Settings settings_of(const Recipe& resolved, const std::string& table) {
  return read_settings<Settings>(table, resolved.tables.at(table));
}

/// The text that a resolved recipe gives a key, e.g. text_of(recipe, "objective", "kind").
const std::string& text_of(const Recipe& resolved, const std::string& table, const std::string& key);

/// The rows first, ..., first + count - 1 with their labels, as far as there are rows.
Points part_of(const Points& points, int64_t first, int64_t count);

/// Where a training keeps what is made once from its data.
struct TrainPlace {
  std::filesystem::path run;  ///< its folder, which need not be there yet; empty = nothing is read or kept
  ProgressFn progress;
  Cancel cancel;
  bool encode = true;  ///< false: latents that are not kept stay zeros, for what only measures time and memory
};

/// Everything that training needs, made from a resolved recipe.
struct TrainParts {
  Recipe resolved;
  TrainSettings settings;
  uint64_t seed = 0;
  std::shared_ptr<const PointSource> source;
  DataFacts facts;
  TrainingSet training;            ///< lives as long as the source
  std::vector<ShapedSet> buckets;  ///< the same once more, as they are trained on; empty: all have one shape
  TrainingSet validation;          ///< so, too; each point with its first text
  ModelShape shape;
  std::shared_ptr<TextTable> texts;  ///< of a network that reads texts; their numbers are those of the training points
  std::shared_ptr<Model> model;      ///< the denoiser's network; null where something else is trained
  std::shared_ptr<const AutoencoderKl> autoencoder;  ///< where it is what is trained
  std::shared_ptr<const AutoencoderKl> latent;       ///< whose latents the network works on; null = on samples
  std::string latents_file;  ///< name of the file for training.moments where they were just made; else empty
  std::shared_ptr<const Schedule> schedule;
  std::shared_ptr<const Objective> objective;
  std::shared_ptr<const Generator> generator;  ///< of the objective's weights, where samples take one network call
};
/// The network's shape for such data: with a learned variance it answers twice.
ModelShape model_shape(const Recipe& resolved, const DataFacts& facts);

/// With train.precision "auto" the objective computes in float32: see choose_precision. Pictures that become latents
/// are encoded (make_latents); after a cancel there the parts have no objective.
TrainParts make_train_parts(const Recipe& resolved, const TrainPlace& place = {});

/// The denoising objective that trains parts.model.   bfloat16: of the network's arithmetic.
std::shared_ptr<const Objective> make_objective(const TrainParts& parts, bool bfloat16);

/// Threads that a training step can feed, by its arithmetic (6 operations a weight and sample): threads that meet at
/// every small matrix product cost more than they bring. Networks on points only; others may use all.
/// processes: that share out each batch.
int useful_threads(const TrainParts& parts, int processes = 1);

/// Networks of the recipe's shape with weights of their own, and the same objective on them.
struct Twin {
  std::shared_ptr<Model> model;
  std::shared_ptr<const Objective> objective;
  std::shared_ptr<const Generator> generator;
  std::shared_ptr<const AutoencoderKl> autoencoder;
};
Twin make_twin(const TrainParts& parts);

/// A network as sampling calls it: the recipe's prediction and schedule, guided (see open_weak) and clipped as it says.
/// facts: of the data that it was trained on; texts: of a network that reads them; run: its folder, where it has one.
std::shared_ptr<const Denoiser> make_run_denoiser(const Recipe& resolved, std::shared_ptr<const Model> model,
                                                  std::shared_ptr<const Schedule> schedule, const DataFacts& facts,
                                                  const std::shared_ptr<TextTable>& texts = nullptr,
                                                  const std::filesystem::path& run = {});

/// Whether the recipe's guidance asks for the answer to the negative condition.
bool steers_away(const Recipe& resolved);

/// The resolved recipe with another sampler at its own default options and, unless its grid is a list of times, other
/// steps.
Recipe with_sampler(Recipe resolved, const std::string& sampler, int64_t steps);

/// The mean loss over points with fixed times and noise; no gradients, nothing changes.
double validation_loss(const Objective& objective, const TrainingSet& points, const std::vector<int64_t>& shape,
                       int64_t batch, uint64_t seed);

}  // namespace roulade
