// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/points.hpp"
#include "roulade/denoiser/network_denoiser.hpp"
#include "roulade/denoiser/prediction.hpp"
#include "roulade/grid/grid.hpp"
#include "roulade/guidance/guidance.hpp"
#include "roulade/latent/tiling.hpp"
#include "roulade/model/model.hpp"
#include "roulade/objective/terms.hpp"
#include "roulade/sampler/sampler.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace roulade {

// One struct a table of the recipe. bind() names the table's own keys and those of the entries that it chooses, makes
// nothing; make_...() makes the chosen thing from the table. Both throw Error(usage) with file and line.

/// [run]
struct RunSettings {
  int64_t seed = 0;
  std::string title;
  void bind(Binder& b);
};

/// [data]
struct DataSettings {
  std::string kind = "swiss_roll";
  int64_t count = 100000;
  int64_t validation_count = 10000;
  std::string scale = "global";
  void bind(Binder& b);
};
/// to_train: pictures in buckets come in these, too, which takes twice the memory; otherwise as squares alone.
std::shared_ptr<const PointSource> make_source(const Table& data, bool to_train = false);

/// [schedule]
struct ScheduleSettings {
  std::string kind = "cosine";
  void bind(Binder& b);
};
std::shared_ptr<const Schedule> make_schedule(const Table& schedule);

/// [model]
struct ModelSettings {
  std::string kind = "mlp";
  void bind(Binder& b);
};
std::shared_ptr<Model> make_model(const Table& model, const ModelShape& shape, uint64_t seed);

/// [denoiser]
struct DenoiserSettings {
  std::string prediction = "eps";
  DenoiserOptions options;
  void bind(Binder& b);
};
std::shared_ptr<const Prediction> make_prediction(const Table& denoiser);

/// [objective]
struct ObjectiveSettings {
  static constexpr const char* kAutoencoding = "autoencoding";
  std::string kind = "denoising";
  std::string times = "uniform";
  std::string weight = "uniform";
  std::string loss = "l2";
  double label_dropout = 0;
  double vlb_weight = 0.001;
  bool fused = true;
  void bind(Binder& b);
};
struct ObjectiveTerms {
  std::shared_ptr<const TimeDistribution> times;
  std::shared_ptr<const LossWeight> weight;
  std::shared_ptr<const LossFunction> loss;
};
ObjectiveTerms make_objective_terms(const Table& objective);

/// How an autoencoder takes pictures: those to train on in [latent], those of samples in [sample].
struct TileSettings {
  int64_t tile = 0;  ///< height and width of a tile, in places of the latents; 0 = pictures are taken whole
  /// Places that neighbours share at least, of which a quarter at each inner edge counts nothing; -1 = tile / 4.
  int64_t tile_overlap = -1;
  void bind(Binder& b, const std::string& what);
  std::optional<Tiling> tiling() const;  ///< none = whole
};

/// [latent]: the autoencoder whose latents the network works on.
struct LatentSettings {
  std::string path;               ///< a run that trains one, or a folder as diffusers saves them; empty = none
  std::string dtype = "float16";  ///< of what is kept of each picture: mean and log variance
  std::string cache;              ///< folder for that, for all runs; empty = each run keeps its own
  TileSettings tiles;
  void bind(Binder& b);
};

/// [sample]
struct SampleSettings {
  std::string sampler = "ddpm";
  std::string grid = "uniform";
  int64_t steps = 50;
  int64_t count = 10000;
  std::string weights = "ema";
  double ema = 0;
  std::string label = "data";
  std::string prompt = "data", negative;
  bool weighted = false;
  int64_t chunk = 500;
  TileSettings tiles;  ///< of a run on latents, or of one that trains an autoencoder
  void bind(Binder& b);
};
struct SampleParts {
  std::shared_ptr<const Sampler> sampler;
  std::shared_ptr<const Grid> grid;
  bool stochastic = false;
};
SampleParts make_sample_parts(const Table& sample);

/// [guidance]
struct GuidanceSettings {
  std::string kind = "none";
  void bind(Binder& b);
};
std::shared_ptr<const Denoiser> make_guidance(const Table& guidance, GuidanceParts parts);

}  // namespace roulade
