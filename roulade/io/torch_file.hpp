// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace roulade {

/// Reads a state dict, a dictionary of tensors by name, that torch.save wrote: the form before PyTorch 1.6 (pickles one
/// after the other, then the numbers) or the zip archive since. Runs nothing that the file says (see parse_pickle).
/// Tensors are on the CPU, whatever device they were saved from, need no gradients, and share memory where the saved
/// ones did. Throws Error(io) when it cannot be read; Error(input) when it is neither form, damaged or cut short, holds
/// anything else than tensors, or a tensor that leaves its storage or has more values than it.
/// Source: PyTorch 2.15, torch/serialization.py, _legacy_save and _save.
std::map<std::string, Tensor> read_torch_file(const std::filesystem::path& path);

/// The same of a file that may also be in the safetensors format: the content tells.
std::map<std::string, Tensor> read_weights(const std::filesystem::path& path);

}  // namespace roulade
