// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/description.hpp"

#include <filesystem>

namespace roulade {

/// What a file or folder holds: a run folder, a checkpoint folder, a recipe (.toml), safetensors, NPY or CSV.
/// Reads all that it describes, so a damaged file is told. Throws Error(io) when it cannot be read, Error(input) when
/// it is damaged or of no known kind.
Description inspect(const std::filesystem::path& path);

}  // namespace roulade
