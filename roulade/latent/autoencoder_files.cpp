// SPDX-License-Identifier: Apache-2.0
#include "roulade/latent/autoencoder_files.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/network_weights.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/model/fill.hpp"
#include "roulade/model/old_names.hpp"

#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;
using Weights = std::map<std::string, Tensor>;

constexpr const char *kConfig = "config.json", *kStem = "diffusion_pytorch_model";
constexpr uint64_t kLargestConfig = uint64_t{1} << 22;

Weights own_weights(const AutoencoderKl& autoencoder) {
  Weights out;
  for (const auto& [name, weight] : autoencoder.parameters()) out[name] = weight.stored().detach();
  return out;
}

}  // namespace

std::unique_ptr<AutoencoderKl> open_autoencoder(const fs::path& folder, bool trainable) {
  const std::string text = read_file(folder / kConfig, kLargestConfig);
  auto out = std::make_unique<AutoencoderKl>(parse_autoencoder_config(text, (folder / kConfig).string()), 0);
  Weights weights;
  for (const auto& [name, tensor] : read_network_weights(
           folder, kStem, " (in Python, of another kind: AutoencoderKL.from_pretrained(...).save_pretrained(...))"))
    weights[name_of_today(name)] = tensor;
  adopt_weights(*out, weights, trainable, folder.string());
  return out;
}

void adopt_weights(const AutoencoderKl& autoencoder, const Weights& weights, bool trainable, const std::string& where) {
  const NamedWeights network = autoencoder.parameters();
  check_weights(network, weights, where);
  for (const auto& [name, weight] : network) {
    Weight handle = weight;
    handle.store(weights.at(name).detach().to(at::kFloat).requires_grad_(trainable));
  }
}

void write_autoencoder(const fs::path& folder, const AutoencoderKl& autoencoder, const Weights& weights) {
  if (!weights.empty()) check_weights(autoencoder.parameters(), weights, folder.string());
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) fail(Code::io, folder.string(), "cannot make the folder", "", failed.message());
  write_tensors(folder / fmt::format("{}.safetensors", kStem), weights.empty() ? own_weights(autoencoder) : weights,
                {{"format", "pt"}});
  write_file_atomically(folder / kConfig, autoencoder_config_text(autoencoder.config()));
}

}  // namespace roulade
