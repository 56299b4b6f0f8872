// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace roulade {

/// A folder as diffusers' save_pretrained writes it: model_index.json of DDPMPipeline or DDIMPipeline, unet/ (or
/// transformer/) and scheduler/, or these two alone; components may also lie in the folder itself. Beside a network
/// that reads texts by cross-attention lie text_encoder/ and mostly tokenizer/; beside one that Roulade trained on
/// latents vae/.
struct DiffusersFolder {
  std::filesystem::path folder;     ///< itself
  std::string pipeline;             ///< _class_name of model_index.json; empty: there is none
  std::filesystem::path network;    ///< folder of the network's config.json and weights
  std::filesystem::path scheduler;  ///< scheduler_config.json
  std::string network_class;        ///< UNet2DModel, UNet2DConditionModel or DiTTransformer2DModel
  std::string scheduler_class;      ///< that samples: DDIMPipeline takes any for DDIMScheduler
  Recipe recipe;                    ///< what the files say, not yet resolved
  DataFacts facts;                  ///< of data.json, which roulade export writes; else pictures of 0 to 255
  int64_t token_width = 0;          ///< of the token states that the network reads; 0 = it reads no text
  bool has_no_class = false;        ///< the last row of the table of classes stands for "no class"
};

/// True where there is a model_index.json, or a network's and a scheduler's configuration.
bool is_diffusers_folder(const std::filesystem::path& folder);

/// `other_walk`: the caller names sampler and grid itself, so the scheduler's need have no counterpart here. Throws
/// Error(io) when a file is missing, Error(input) when one is damaged, Error(usage) for a class, a key or a value that
/// would change the arithmetic and has no counterpart here; each names file and key.
DiffusersFolder read_diffusers_folder(const std::filesystem::path& folder, bool other_walk = false);

/// True where there is one, or a network without a scheduler: unet/ or transformer/, or the folder of one of these.
bool is_network_folder(const std::filesystem::path& folder);

/// Of such a folder the network alone: where it is, its class, the [model] that it asks for, and [text] where its
/// text_encoder/ lies beside. Throws as read_diffusers_folder does.
DiffusersFolder read_diffusers_network(const std::filesystem::path& folder);

/// The weights of a network's folder by name, float32: diffusion_pytorch_model.safetensors, whole or in the parts that
/// an index names. The names of old attention blocks become today's, as in diffusers. Throws Error(io), Error(input).
std::map<std::string, Tensor> read_diffusers_weights(const std::filesystem::path& network);

/// Opens a run as open_run does, or such a folder: there [data] may be changed, too, and weights are the averaged ones.
/// `judge`: data to compare with are needed, from the overrides; their range becomes the network's -1 to 1.
TrainedRun open_run_or_folder(const OpenRequest& request, bool judge = false);

/// The averaged weights of a run's latest checkpoint, or those of a network's folder (is_network_folder). With a
/// folder, Error(usage) names the keys of [model] that differ from its config.json.   resolved: of the training that
/// they are for.
std::map<std::string, Tensor> read_initial_weights(const std::filesystem::path& run, const Recipe& resolved);

}  // namespace roulade
