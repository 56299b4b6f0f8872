// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/latent/autoencoder_kl.hpp"
#include "roulade/run/sampling.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// The folder that holds config.json and weights of an autoencoder: of a run that trains one its newest checkpoint's
/// (with the averaged weights), of a folder that diffusers saved itself or its vae/. Throws Error(io) where there is
/// none, Error(usage) for a run that trains something else.
std::filesystem::path find_autoencoder(const std::filesystem::path& given);

/// The autoencoder of such a folder, frozen. Throws as open_autoencoder and check_pictures_fit do.
std::shared_ptr<const AutoencoderKl> open_latent_autoencoder(const std::filesystem::path& folder,
                                                             const DataFacts& facts);

/// SHA-256 of what it computes: its configuration and its weights by name, wherever they lie.
std::string autoencoder_sha256(const AutoencoderKl& autoencoder);

/// [latent_channels, H / f, W / f] of such pictures.
std::vector<int64_t> latent_axes(const AutoencoderKl& autoencoder, const DataFacts& facts);

/// AutoencoderKl::scaled as a scaling of the latents' numbers, by column.   axes: of the latents.
Scaling latent_scaling(const AutoencoderKl& autoencoder, const std::vector<int64_t>& axes);

/// The autoencoder that a run on latents keeps. Throws Error(io) where it is missing, Error(input) where it is damaged
/// or not the one that the run was trained on.
std::shared_ptr<const AutoencoderKl> open_kept_autoencoder(const std::filesystem::path& folder, const DataFacts& facts);

/// Rows in the data's units as the run's network takes them: scaled, or the means of their latents, scaled. Labels and
/// texts stay.
Points to_network(const TrainedRun& run, const Points& rows);

/// The way back: unscaled, or decoded to pictures of whole levels from black to white, 0 to 255 (8 bits). Few pictures
/// are decoded at once, whatever their number.
Points to_data(const TrainedRun& run, const Points& scaled);

/// Which latents are known: those all of whose pixels are.   known: bool [n, channels, H, W]; result: bool
/// [n, latent_channels, H / f, W / f].
Tensor known_latents(const AutoencoderKl& autoencoder, const Tensor& known);

/// Gives the unknown numbers of each channel of a picture the mean of its known ones; without any, the middle between
/// black and white.   known: [rows * width].
void fill_unknown(Points& pictures, const DataFacts& facts, const std::vector<bool>& known);

/// Throws Error(usage) for sample.tile where nothing is decoded.
void check_tiles(const Recipe& resolved, bool decodes);

/// Throws Error(usage) where the network works on latents, and `what` needs one that works on the data themselves.
void refuse_latents(const TrainedRun& run, std::string_view what);

}  // namespace roulade
