// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace roulade {

/// A network's weights as Hugging Face's libraries save them, by name: FOLDER/STEM.safetensors, or the parts that
/// FOLDER/STEM.safetensors.index.json names. They share the files' pages (Load::map). Throws Error(input) for damaged
/// files, for an index that names tensors which its parts lack or files elsewhere, and, with `advice` behind what was
/// expected, where there are no such weights.
std::map<std::string, Tensor> read_network_weights(const std::filesystem::path& folder, const std::string& stem,
                                                   const std::string& advice = "");

}  // namespace roulade
