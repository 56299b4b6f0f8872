// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/image_set.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace roulade {

/// Where the pictures of a part come from, one by one.
struct ImageSource {
  std::filesystem::path where;  ///< for messages
  int64_t count = 0;
  std::function<Image(int64_t)> get;                   ///< called by several threads; may throw
  std::function<std::filesystem::path(int64_t)> path;  ///< of picture i, for the list of damaged ones
};

/// The picture with the side and channels of the options (0 = as it is), by their fit, filter and background; with a
/// crop_margin the middle of the larger one.
/// Throws Error(input) when fit is exact and the size another.
Image fit_image(const Image& image, const ImageOptions& options, const std::string& where);

/// Reads all pictures of a source, on several threads. Sets count, channels, height, width, values, damaged and what
/// concerns buckets of the result, and `kept`, the numbers of those that are in it. Throws as open_images does.
ImageSet read_images(const ImageSource& source, const ImageOptions& options, std::vector<int64_t>& kept);

/// The entries of these numbers; an empty list stays empty.
template <class T>
std::vector<T> chosen(const std::vector<T>& all, const std::vector<int64_t>& rows) {
  std::vector<T> out;
  if (all.empty()) return out;
  for (const int64_t row : rows) out.push_back(all[static_cast<size_t>(row)]);
  return out;
}

/// The pictures of these numbers, with all that is said of them.
ImageSet select(const ImageSet& set, const std::vector<int64_t>& rows);

/// Leaves the pictures of these numbers, ascending, in the set, with all that is said of them. They move together in
/// the memory that they have, so that a large set is never there twice; what was left out as damaged stays listed.
void keep_rows(const std::vector<int64_t>& rows, ImageSet& set);

/// The pictures, then all of them with left and right exchanged.
ImageSet with_mirrored(const ImageSet& set);

}  // namespace roulade
