// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace roulade {

/// `wanted`, or the first of wanted-2, wanted-3, ... where nothing stands yet.
std::filesystem::path fresh_run(const std::filesystem::path& wanted);

/// The run that fresh_run(wanted) made last: that of the highest number, or `wanted` itself.
/// Throws Error(io) when there is none.
std::filesystem::path newest_run(const std::filesystem::path& wanted);

}  // namespace roulade
