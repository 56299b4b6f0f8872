// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/run/description.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// The sets of pictures that build_picture_folder knows.
std::vector<std::string> picture_folders();

/// Builds a folder of pictures to train on from a Debian package's files below `root`; nothing when cancelled, and then
/// nothing is left of it. grounds: "all" or names of colours (parse_grounds), to draw each picture on and name in its
/// texts; empty: as the set has them. Throws as build_packaged_set does; Error(usage) for an unknown name.
std::optional<Description> build_picture_folder(const std::string& name, const std::filesystem::path& out,
                                                const std::filesystem::path& root, const std::string& grounds,
                                                const ProgressFn& progress, const Cancel& cancel);

}  // namespace roulade
