// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/byte_rows.hpp"
#include "roulade/latent/autoencoder_kl.hpp"
#include "roulade/objective/objective.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace roulade {

/// The group of weights that make_autoencoding trains.
inline constexpr const char* kAutoencoderGroup = "autoencoder";

/// Whether a resolved recipe trains an autoencoder of pictures: objective.kind = "autoencoding".
bool is_autoencoding(const Recipe& resolved);

/// Black and white are -1 and 1 to the network, as diffusers' pipelines take it (data.scale = "pixels").
bool is_minus_one_to_one(const DataFacts& facts);

/// Throws Error(usage) unless an autoencoder takes such pictures and gives them back in their own shape: black and
/// white are -1 and 1 to it, its channels are theirs, height and width are multiples of its factor.   where: as the
/// error names it.
void check_pictures_fit(const AutoencoderConfig& config, const DataFacts& facts, const std::string& where);

/// Throws Error(usage) where a key of the resolved recipe that an autoencoder has no use for (schedule, model,
/// denoiser, guidance, text, eval, the sampler) differs from its default.
void refuse_denoisers_keys(const Recipe& resolved);

/// The autoencoder of [autoencoder] for these pictures, its weights drawn by `seed`. Throws Error(usage) as
/// check_pictures_fit and refuse_denoisers_keys do, and for a configuration that does not fit together.
std::shared_ptr<const AutoencoderKl> make_picture_autoencoder(const Recipe& resolved, const DataFacts& facts,
                                                              uint64_t seed);

/// The file that the recipe's perceptual distance looks by, as an absolute path; empty where it has none. Throws
/// Error(usage) for a weight without a file.
std::string perceptual_file_of(const Recipe& resolved);

/// Throws Error(input) where that file holds other weights than those that these facts were trained with.
void check_perceptual(const Recipe& resolved, const DataFacts& facts);

/// Its objective, by the recipe's [objective]; a discriminator's weights are drawn by `seed`. Throws Error(usage) for a
/// perceptual weight without a file of EfficientNet-lite0's, and as make_autoencoding does.
std::shared_ptr<const Objective> make_autoencoding_of(const Recipe& resolved,
                                                      std::shared_ptr<const AutoencoderKl> autoencoder, uint64_t seed);

/// Mean and standard deviation of z ~ q(z | x) over pictures, channels and places, in the encoder's own unit:
/// Var z = E[exp(log_variance)] + Var mean.
struct LatentMoments {
  double mean = 0, deviation = 0;
};

/// Of the first of the training pictures, 1,024 at most.   training: bytes or numbers that are scaled by facts.
LatentMoments latent_moments(const AutoencoderKl& autoencoder, const DataFacts& facts, const TrainingSet& training);

/// Writes CHECKPOINT/vae/ as diffusers' AutoencoderKL has it, with scaling_factor = 1 / the deviation of the latents
/// over training pictures (latent_moments), so that a denoiser meets latents of unit deviation. weights: by name.
/// Throws Error(numeric) where the latents all are one number, Error(io). Source of the factor: Rombach et al. 2022,
/// appendix G.
void write_picture_autoencoder(const std::filesystem::path& checkpoint, const Recipe& resolved, const DataFacts& facts,
                               const TrainingSet& training, const std::map<std::string, Tensor>& weights);

/// The autoencoder of CHECKPOINT/vae/config.json, with the factor measured; its weights are drawn, not read. Throws
/// Error(input) for a damaged file and one that is not of these pictures, Error(io).
std::shared_ptr<const AutoencoderKl> open_picture_autoencoder(const std::filesystem::path& checkpoint,
                                                              const DataFacts& facts);

/// The folder of a run's autoencoder in a checkpoint: CHECKPOINT/vae.
std::filesystem::path autoencoder_folder(const std::filesystem::path& checkpoint);

}  // namespace roulade
