// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/sampler/diffusers_names.hpp"

#include <filesystem>

namespace roulade {

/// The meaning of a scheduler_config.json that diffusers wrote, or of the one in a folder (see read_diffusers). Throws
/// Error(io) when it cannot be read, Error(input) when it is no such file, Error(usage) for a class or a value that has
/// no counterpart here; each names the file.
DiffusersConfig read_scheduler_config(const std::filesystem::path& path);

}  // namespace roulade
