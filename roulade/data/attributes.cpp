// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/attributes.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/image_folder.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace roulade {

std::vector<std::string> read_attribute(const std::filesystem::path& folder, const std::vector<std::string>& names,
                                        const std::string& key) {
  if (key.empty()) fail(Code::usage, folder.string(), "key of the metadata", "a name", "nothing");
  FolderOptions options;
  options.attribute = key;
  const ImageFolder found = scan_images(folder, options);
  std::vector<std::string> out;
  for (const std::string& name : names) {
    const auto at = std::lower_bound(found.items.begin(), found.items.end(), name,
                                     [](const ImageItem& item, const std::string& n) { return item.name < n; });
    if (at == found.items.end() || at->name != name)
      fail(Code::input, folder.string(), "picture", "one that lies in the folder", fmt::format("'{}'", name));
    out.push_back(at->label < 0 ? "" : found.class_names[static_cast<size_t>(at->label)]);
  }
  return out;
}

}  // namespace roulade
