// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/dit_config.hpp"
#include "roulade/model/unet_config.hpp"

#include <array>
#include <string>

namespace roulade {

/// The config.json of diffusers' UNet2DModel or UNet2DConditionModel, by its _class_name (without one the former).
/// Throws Error(input) when it is no JSON object, Error(usage) for another class and for a key or value that this
/// network does not know; `where` names the file.
UnetConfig parse_unet_config(const std::string& text, const std::string& where);

/// The same of its DiTTransformer2DModel.
DitConfig parse_dit_config(const std::string& text, const std::string& where);

/// A config.json that diffusers 0.42.1 reads as the same network.   size: height and width of the pictures.
std::string unet_config_text(const UnetConfig& config, std::array<int64_t, 2> size);

std::string dit_config_text(const DitConfig& config);

}  // namespace roulade
