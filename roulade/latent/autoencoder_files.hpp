// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/latent/autoencoder_kl.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace roulade {

/// An autoencoder from the folder that diffusers saves it in (a pipeline's vae/): config.json beside
/// diffusion_pytorch_model.safetensors, whole or in parts. Weights become float32; those that are share the file's
/// memory. Names of attention's layers up to diffusers 0.16 are read, too. trainable: gradients by the weights are
/// wanted. Throws Error(usage) for a key or value of config.json that is not computed, Error(input) for damaged files
/// and for a tensor that is missing, superfluous or of another shape, Error(io) where a file cannot be read.
std::unique_ptr<AutoencoderKl> open_autoencoder(const std::filesystem::path& folder, bool trainable = false);

/// Fills an autoencoder from named tensors, which are shared where they are float32. Throws Error(input) as above,
/// naming `where`; nothing is changed then.
void adopt_weights(const AutoencoderKl& autoencoder, const std::map<std::string, Tensor>& weights, bool trainable,
                   const std::string& where);

/// Writes config.json and diffusion_pytorch_model.safetensors, which diffusers' AutoencoderKL.from_pretrained reads,
/// into `folder`, which is made. weights: by name, such as averaged ones; empty = those of the autoencoder. Throws
/// Error(input) where they are not those of the autoencoder, by name and shape, Error(io).
void write_autoencoder(const std::filesystem::path& folder, const AutoencoderKl& autoencoder,
                       const std::map<std::string, Tensor>& weights = {});

}  // namespace roulade
