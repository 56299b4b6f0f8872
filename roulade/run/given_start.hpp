// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/given_pictures.hpp"
#include "roulade/run/sampling.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace roulade {

/// The files that samples begin with, and how far they go from there (see Editing).
struct GivenStart {
  std::string file{};                ///< a table, a picture, or a folder of pictures
  std::string mask{};                ///< a picture, white where that of `file` is to be drawn; empty: none
  bool completed = false;            ///< what is not known is drawn, given the rest; else all is noised, and sampled on
  std::optional<double> strength{};  ///< none: an autoencoder, which goes the whole way there and back
  bool inverted = false;
  int64_t repeats = 0, walks = 10, jump = 1;
  std::string sha256{}, mask_sha256{};  ///< given_sha256 of both; empty: not known, or no mask
};

/// The SHA-256 of a file, or of the pictures of a folder, its archives' too, one behind the other in the order in which
/// they are taken.
/// Throws Error(io).
std::string given_sha256(const std::filesystem::path& path);

/// The rows of those files: of a table as many as it has, of pictures `count` in turn, or where that is 0 each once, at
/// least as many as there are prompts. Throws Error(usage) where a count is asked for of a table, for a mask on one,
/// and for a picture that is to be completed without a mask; what reading throws.
GivenPictures read_given_start(const TrainedRun& run, const GivenStart& start, int64_t count, int64_t prompts);

/// What sampling is told of it.
Editing editing_of(const GivenStart& start, GivenRows rows);

}  // namespace roulade
