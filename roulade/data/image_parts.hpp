// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/image_folder.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// The pictures of a set in its parts, which are not read yet.
struct ImageParts {
  ImageFolder train;
  std::optional<ImageFolder> test;     ///< where the files have such a part
  std::vector<std::string> remarks{};  ///< what was passed over, a line each
};

/// The pictures of a folder or archive (scan_images), or its two parts, whose classes are then numbered together: the
/// folder train and the first that there is of test, val, valid and validation, where no picture lies beside them.
/// Throws as scan_images does.
ImageParts find_parts(const std::filesystem::path& path, const FolderOptions& options = {});

}  // namespace roulade
