// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/network_weights.hpp"
#include "roulade/model/old_names.hpp"
#include "roulade/run/diffusers_folder.hpp"

namespace roulade {

std::map<std::string, Tensor> read_diffusers_weights(const std::filesystem::path& network) {
  std::map<std::string, Tensor> out;
  for (const auto& [name, tensor] :
       read_network_weights(network, "diffusion_pytorch_model",
                            " (in Python, of another kind: UNet2DModel.from_pretrained(...).save_pretrained(...))"))
    out[name_of_today(name)] = tensor.to(at::kFloat);
  return out;
}

}  // namespace roulade
