// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/io/safetensors.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace roulade {

/// Tensors by name and the texts that a safetensors file carries beside them.
struct TensorFile {
  std::map<std::string, Tensor> tensors;
  Metadata metadata;
};

enum class Load {
  copy,  ///< tensors own their memory
  map  ///< tensors share the file's pages (loaded when touched, writes stay private), which live as long as one of them
};

/// Reads a safetensors file. Throws Error(io) when it cannot be read, Error(input) when it lies (see
/// parse_safetensors).
TensorFile read_tensors(const std::filesystem::path& path, Load how = Load::copy);

/// Writes tensors of any device and layout, atomically and with the same bytes for the same values.
/// Throws Error(usage) for a dtype that the format lacks, Error(io).
void write_tensors(const std::filesystem::path& path, const std::map<std::string, Tensor>& tensors,
                   const Metadata& metadata = {});

}  // namespace roulade
