// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/image.hpp"
#include "roulade/io/webp_animation.hpp"
#include "roulade/run/provenance.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

/// Whether samples that go there are written as pictures: NAME.png, one sheet; NAME.webp, an animation; or a folder,
/// PNG by PNG. A folder is one that exists, or a name with "/" at its end.
bool is_picture_place(const std::filesystem::path& path);

/// Throws Error(usage) where samples are no pictures, for a folder that holds something, and for more than 1,000
/// frames. count: the samples.
void check_picture_place(const std::filesystem::path& path, const DataFacts& facts, int64_t count);

/// Writes samples there, each file with the texts of how it was made (png_texts): a sheet (picture_sheet), or a new
/// folder with 00000.png, 00001.png, ... of the pictures' own size and channels, put in its place when it is whole; or
/// without texts an animation (animation_frames), there and back where they go to a prompt or a seed.
/// made: without index and class_name, which are filled in. Throws as check_picture_place, Error(io).
void write_pictures(const std::filesystem::path& path, const TrainedRun& run, const PointSamples& samples,
                    const Provenance& made);

/// The text of each sample, or empty: they show none.
std::vector<std::string> texts_of(const TrainedRun& run, const Points& points);

/// The bytes of such a file: of the sheet (of made.shown samples), or of the picture made.index, as the samples are or,
/// by made.attention, as maps of where they read a word. Throws Error(usage) where the samples have no attention.
std::string picture_file(const TrainedRun& run, const PointSamples& samples, const Provenance& made);

/// The samples one after the other, each half a second; or a way from the first to the last there and back, a tenth of
/// a second each and a second at its ends. Enlarged by a whole factor to 128 pixels or more, as far as a WebP file
/// holds them.
std::vector<AnimationFrame> animation_frames(const Points& points, const DataFacts& facts, bool way);

/// The whole factor, 1 or more, that gives both sides of the pictures `least` pixels or more.
int64_t times_to(const DataFacts& facts, int64_t least);

/// Sample `row` as a picture of the data's channels, black at facts.low, white at facts.high. Throws Error(usage) for
/// samples that are none, or have more than 4 channels.
Image picture_of(const Points& points, int64_t row, const DataFacts& facts);

/// picture_sheet with a line below each picture, cut with an ellipsis where it is too long; pictures below 80 pixels
/// are enlarged, so that a class's name fits.   captions: one for each point. Throws Error(usage) as it does, and for
/// another number of captions.
std::string captioned_sheet(const Points& points, const DataFacts& facts, const std::vector<std::string>& captions);

}  // namespace roulade
