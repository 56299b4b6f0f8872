// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

/// Pictures that samples are made from, and what a user should know of them, a line each.
struct GivenPictures {
  GivenRows rows;
  std::vector<std::string> remarks;
};

/// Whether a path that was given to sample from names pictures: a folder, or a file whose name is neither a table's
/// (.csv, .npy, .tsv, .txt) nor without an ending. Throws Error(usage) for pictures where the run's samples are none.
bool names_pictures(const TrainedRun& run, const std::filesystem::path& path);

/// A PNG, JPEG or WebP file, or those of a folder and all below it in bytewise order of their names, as rows in the
/// units of the run's data: x = low + v (high - low) / 255. Pictures get the run's channels, what is not opaque lying
/// on its data.background, and where they have another size, the run's: their middle (all of them where data.fit is
/// "stretch") by resize().
/// mask: a picture of the same size, or empty: all is known. Not known is what is white, v >= 128 of its grey; what is
/// transparent counts as black. Where the picture is resized, a pixel that is white by half.
/// Throws Error(io) when a file cannot be read; Error(input) for a file that is no picture, a folder without one, a
/// mask of another size than the picture or without white.
GivenPictures read_given_pictures(const TrainedRun& run, const std::filesystem::path& path,
                                  const std::filesystem::path& mask = {});

/// `count` rows, those given in turn. Throws Error(usage) below 1 and where none is given.
GivenRows in_turn(const GivenRows& rows, int64_t count);

}  // namespace roulade
