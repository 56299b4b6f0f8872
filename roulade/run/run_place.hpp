// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/run_folder.hpp"

#include <filesystem>

namespace roulade {

/// `wanted`, or the first of wanted-2, wanted-3, ... where nothing stands yet.
std::filesystem::path fresh_run(const std::filesystem::path& wanted);

/// The run that fresh_run(wanted) made last: that of the highest number, or `wanted` itself.
/// Throws Error(io) when there is none.
std::filesystem::path newest_run(const std::filesystem::path& wanted);

/// True when a kill stopped a run before its recipe: the folder holds only left-overs and a checkpoints/ with at most
/// the start. What belongs to latents is made after that folder: without it, a vae/ is somebody's own.
bool never_began(const RunFolder& folder);

/// Throws Error(usage) when something stands already where a new run would be.
void check_free(const RunFolder& folder);

/// Makes the folder of a new run.
void begin_folder(const RunFolder& folder);

}  // namespace roulade
