// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/data/points.hpp"
#include "roulade/latent/autoencoder_kl.hpp"
#include "roulade/objective/one_pass.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/run/run_texts.hpp"
#include "roulade/sampler/sampler.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// Of a network that works on an autoencoder's latents.
struct LatentFacts {
  std::vector<int64_t> shape;  ///< [latent_channels, h, w]; empty: the network works on the samples themselves
  std::string autoencoder;     ///< autoencoder_sha256 of the one that made them
};

/// Training pictures of one shape.
struct BucketFacts {
  int64_t height = 0, width = 0;
  int64_t pictures = 0;  ///< shown in an epoch
};

/// What sampling needs to know of the data, kept in the run's data.json so that the data themselves may be gone.
struct DataFacts {
  std::vector<std::string> columns;
  std::vector<int64_t> shape;            ///< axes of a picture, their product the number of columns; points: empty
  double low = 0, high = 0;              ///< of pictures: what is black and what is white
  std::vector<std::string> class_names;  ///< empty: no classes
  std::vector<double> class_shares;      ///< of the training data
  int64_t training_rows = 0;             ///< of data that are not endless; 0 = not noted
  uint32_t rows_code = 0;                ///< PointSource::rows_code(); 0 = not noted
  Scaling scaling;
  TextFacts text;
  LatentFacts latent;
  std::string perceptual_sha256;     ///< of the weights that an autoencoder's perceptual distance looks by; or empty
  std::vector<BucketFacts> buckets;  ///< shapes that were trained on, where there are others than `shape`
  int64_t classes() const { return static_cast<int64_t>(class_shares.size()); }
  int64_t width() const { return static_cast<int64_t>(columns.size()); }
  bool pictures() const { return shape.size() == 3; }
  /// Of one sample: [width], or a picture's.
  std::vector<int64_t> axes() const { return pictures() ? shape : std::vector<int64_t>{width()}; }
  /// Of what the network works on: a sample, or its latents.
  std::vector<int64_t> network_axes() const { return latent.shape.empty() ? axes() : latent.shape; }
  std::vector<int64_t> axes(int64_t rows) const;          ///< of a batch
  std::vector<int64_t> network_axes(int64_t rows) const;  ///< of a batch
};

/// A trained run, ready to sample: read once, then const and thread-safe.
struct TrainedRun {
  std::filesystem::path folder;
  Recipe recipe;  ///< resolved, with the overrides
  DataFacts facts;
  std::shared_ptr<const Denoiser> denoiser;    ///< guided as the recipe says; null where something else was trained
  std::shared_ptr<const Model> network;        ///< the denoiser's, without guidance; null where that is null
  std::shared_ptr<const Generator> generator;  ///< where a sample takes one network call: a VAE, a GAN
  std::shared_ptr<const AutoencoderKl> autoencoder;  ///< where it is what was trained
  std::shared_ptr<const AutoencoderKl> latent;  ///< whose latents the network works on; null = on samples themselves
  std::shared_ptr<const Schedule> schedule;
  std::shared_ptr<TextTable> texts;               ///< of a network that reads texts; null = it reads none
  std::vector<std::filesystem::path> weak_files;  ///< weights of the weak network that guides it; none = there is none
  int64_t step = 0;                               ///< of the checkpoint
  int64_t parameters = 0;
  uint64_t seed = 0;
  uint64_t trained_seed = 0;  ///< of the training and its data, whatever the overrides
};

struct OpenRequest {
  std::filesystem::path run;
  std::vector<std::string> set;  ///< "sample.steps=20": keys of sample, guidance, eval and run, and where files lie
                                 ///< now (text.path, data.path, data.memory, data.scratch), only
  std::optional<int64_t> checkpoint;  ///< step; absent = latest
};

/// Throws Error(io) when there is no run or checkpoint, Error(input) when one is damaged, Error(usage) for a bad
/// override.
TrainedRun open_run(const OpenRequest& request);

/// Points on their way at one visited time: x_t / sqrt(alpha^2 + sigma^2) in the data's units, so that all times fit
/// one picture.
struct Frame {
  double t = 0;
  std::vector<double> values;  ///< [rows * width]
};

struct PointSamples {
  Points points;  ///< in the data's units, labels where the network has classes, texts as numbers in TrainedRun::texts
  int64_t calls = 0;  ///< network calls for each sample
  double seconds = 0;
  /// [rows * height * width]: share of attention that each place of a picture gives the word asked for, mean over
  /// layers and steps (see AttentionWatch); or empty.
  std::vector<float> attention{};
  std::vector<Frame> frames;  ///< of the first `frame_points` samples, noise first; none from a generator
};

/// Rows in the data's units that samples are made from.
struct GivenRows {
  Points points;            ///< labels: -1 where not known
  std::vector<bool> known;  ///< [rows * width]; empty = all
};

/// What samples begin with, other than noise.
struct Editing {
  /// As many samples as rows, each with its row's class. With unknown values these are drawn, given the rest (see
  /// sample_masked); without, a row is noised and sampled anew from there.
  std::optional<GivenRows> rows;
  double strength = 1;    ///< of the noise on whole rows: the share of the grid's steps that is walked
  bool inverted = false;  ///< the noise of a whole row is the one that ddim makes it from, not drawn (see invert)
  int64_t repeats = 0;    ///< of the inversion
  int64_t walks = 1;      ///< along each stretch of the grid, for rows with unknown values
  int64_t jump = 1;       ///< steps of a stretch
  std::optional<uint64_t>
      to_seed;  ///< sample i begins i / (count - 1) of the way from the seed's noise 0 to this one's
};

struct SampleRequest {
  int64_t count = 0;  ///< 0 = sample.count of the recipe
  uint64_t seed = 0;  ///< of this set of samples
  /// Not 0: so many samples of every class in place of `count`, one class behind the other, all from the same noises:
  /// sample i begins with noise i % of_each. They pass through the network class by class.
  int64_t of_each = 0;
  int64_t frame_points = 0;  ///< 0 = no frames
  /// Of a network that reads texts: sample i has prompt i, in turn. Empty = sample.prompt of the recipe.
  std::vector<std::string> prompts{};
  bool captions = false;  ///< the prompts are captions: brackets in them are text, whatever sample.weighted says
  /// A text that the one prompt, or sample.prompt, goes to: sample i of n, two or more, is told their mixture of share
  /// i / (n - 1) (see mix_states). All have the first sample's noise and class, so that the text alone tells them
  /// apart; each passes through the network by itself, so the first and the last are what their texts give alone.
  std::optional<std::string> to_prompt{};
  std::string attention{};  ///< a word of the prompts: where the network's cross-attention reads it is kept
  Editing editing;
  ProgressFn progress;
  Cancel cancel;
};

/// The times that the run's samples visit, noisiest first. A grid "fitted" is fitted to the run's network, which takes
/// some 600 calls for 128 trajectories (see fit_grid), always with the same result for the same run, sampler and steps.
std::vector<double> sampling_times(const TrainedRun& run);

/// How many samples that asks for.
int64_t sample_count(const TrainedRun& run, const SampleRequest& request);

/// Draws samples (after a cancel those not finished are noise or zero: throw them all away). Sample i depends on (seed,
/// i) alone, whatever the count, the chunk (to rounding) or the threads. Of a run that trains an autoencoder: the rows
/// given, reconstructed. Throws Error(usage) where a generator is to begin with something else than noise, and where an
/// autoencoder is to begin with noise; for to_prompt where no text is read, with several prompts or none, fewer than
/// two samples, rows to begin with, or a word whose attention is asked for.
PointSamples sample_points(const TrainedRun& run, const SampleRequest& request);

}  // namespace roulade
