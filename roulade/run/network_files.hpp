// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/model/fill.hpp"
#include "roulade/model/model.hpp"
#include "roulade/run/recipe.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace roulade {

/// The file of a checkpoint's averaged weights, in the one of unet, transformer, vae and model that is
/// there.
std::filesystem::path network_file(const std::filesystem::path& folder);

/// Writes FOLDER/model/config.json and model/diffusion_pytorch_model.safetensors (the given weights, by name), of
/// networks that diffusers has FOLDER/unet (UNet2DModel) or FOLDER/transformer (DiTTransformer2DModel), which its
/// from_pretrained reads, and, for a denoiser, scheduler/scheduler_config.json, all from a resolved recipe: theirs
/// where diffusers has such a network, schedule and prediction (scheduler_config_text), else ours.
void write_network(const std::filesystem::path& folder, const Recipe& resolved, const ModelShape& shape,
                   const std::map<std::string, Tensor>& weights);

/// A whole network (see model/fill.hpp).
void fill_network(const Model& model, const std::map<std::string, Tensor>& weights, const std::string& where);

/// Nobody trains them from here on: no gradient by them is made, and what is derived from them may be kept.
void freeze(const NamedWeights& weights);

/// The averaged weights that write_network wrote.
std::map<std::string, Tensor> read_network(const std::filesystem::path& folder);

/// The weights of the last step, from the training state of a checkpoint.   group: the objective's first.
std::map<std::string, Tensor> read_raw_network(const std::filesystem::path& checkpoint,
                                               const std::string& group = "denoiser");

}  // namespace roulade
