// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

/// What the metadata of a folder (or archive) of pictures say under `key`, for judges that need more than the caption:
/// for each of `names`, pictures below the folder, a text; "" where nothing is said. Whole numbers are texts.
/// Throws what scan_images throws, and Error(input) where no picture has the key or a name is not in the folder.
std::vector<std::string> read_attribute(const std::filesystem::path& folder, const std::vector<std::string>& names,
                                        const std::string& key);

}  // namespace roulade
