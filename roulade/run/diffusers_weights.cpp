// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/network_weights.hpp"
#include "roulade/run/diffusers_folder.hpp"

#include <array>
#include <utility>

namespace roulade {
namespace {

/// The names of attention's layers up to diffusers 0.16, and today's. Its own reader renames them, too.
constexpr std::array<std::pair<const char*, const char*>, 4> kOldNames{
    {{".query.", ".to_q."}, {".key.", ".to_k."}, {".value.", ".to_v."}, {".proj_attn.", ".to_out.0."}}};

std::string name_of_today(std::string name) {
  if (name.find(".attentions.") == std::string::npos) return name;
  for (const auto& [old, now] : kOldNames)
    if (const size_t at = name.find(old); at != std::string::npos)
      return name.replace(at, std::string(old).size(), now);
  return name;
}

}  // namespace

std::map<std::string, Tensor> read_diffusers_weights(const std::filesystem::path& network) {
  std::map<std::string, Tensor> out;
  for (const auto& [name, tensor] :
       read_network_weights(network, "diffusion_pytorch_model",
                            " (in Python, of another kind: UNet2DModel.from_pretrained(...).save_pretrained(...))"))
    out[name_of_today(name)] = tensor.to(at::kFloat);
  return out;
}

}  // namespace roulade
