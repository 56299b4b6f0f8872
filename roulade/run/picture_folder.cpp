// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/picture_folder.hpp"

#include "roulade/data/packaged.hpp"

namespace roulade {

std::vector<std::string> picture_folders() {
  std::vector<std::string> out;
  for (const PackagedSet& set : packaged_sets()) out.push_back(set.name);
  return out;
}

std::optional<Description> build_picture_folder(const std::string& name, const std::filesystem::path& out,
                                                const std::filesystem::path& root, const std::string& grounds,
                                                const ProgressFn& progress, const Cancel& cancel) {
  PackagedRequest request{.out = out, .root = root, .progress = progress, .cancel = cancel};
  if (!grounds.empty()) request.grounds = parse_grounds(grounds);
  const PackagedResult built = build_packaged_set(find_packaged_set(name), request);
  if (!built.finished) return std::nullopt;
  Description told;
  told.add("folder", out.string());
  told.add("training_pictures", built.training);
  if (built.test > 0) told.add("test_pictures", built.test);
  told.add("classes", built.classes);
  told.add("side", built.side, "pixels");
  return told;
}

}  // namespace roulade
