// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/image.hpp"
#include "roulade/run/provenance.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

/// Whether samples that go there are written as pictures: NAME.png, one sheet; NAME.webp, an animation; or a folder,
/// PNG by PNG. A folder is one that exists, or a name with "/" at its end.
bool is_picture_place(const std::filesystem::path& path);

/// Throws Error(usage) where samples are no pictures, and for a folder that holds something.
void check_picture_place(const std::filesystem::path& path, const DataFacts& facts);

/// Writes samples there, each file with the texts of how it was made (png_texts): a sheet (picture_sheet), or a new
/// folder with 00000.png, 00001.png, ... of the pictures' own size and channels, put in its place when it is whole; or
/// without texts an animation (to_webp_animation): one after the other, a way from one to another there and back.
/// made: without index and class_name, which are filled in. Throws as check_picture_place, Error(io).
void write_pictures(const std::filesystem::path& path, const TrainedRun& run, const PointSamples& samples,
                    const Provenance& made);

/// The bytes of such a file: of the sheet, or of the picture made.index.
std::string picture_file(const TrainedRun& run, const PointSamples& samples, const Provenance& made);

/// Sample `row` as a picture of the data's channels, black at facts.low, white at facts.high. Throws Error(usage) for
/// samples that are none, or have more than 4 channels.
Image picture_of(const Points& points, int64_t row, const DataFacts& facts);

/// picture_sheet with a line below each picture, cut with an ellipsis where it is too long; pictures below 80 pixels
/// are enlarged, so that a class's name fits.   captions: one for each point. Throws Error(usage) as it does, and for
/// another number of captions.
std::string captioned_sheet(const Points& points, const DataFacts& facts, const std::vector<std::string>& captions);

}  // namespace roulade
