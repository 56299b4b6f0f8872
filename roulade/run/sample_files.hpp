// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

/// How a table of points is headed.
struct PointColumns {
  std::vector<std::string> names;        ///< [width]
  std::string label = "label";           ///< name of the class column
  std::vector<std::string> class_names;  ///< empty: classes are written as numbers
};

/// Writes points as a table that training can read, by the name's ending: CSV, the class as its last column where
/// points have one (empty for -1); or NPY [rows, width], without classes. Missing folders above are made. Throws
/// Error(usage) for another ending, Error(io).
void write_points(const std::filesystem::path& path, const Points& points, const PointColumns& columns);

/// The name of the class column of a recipe's data: what [data] label names, "label" where that is nothing or an index.
std::string label_name(const Recipe& recipe);

/// The class of each point as text, empty for none.   class_names: empty = numbers.
std::vector<std::string> label_texts(const Points& points, const std::vector<std::string>& class_names);

/// Throws Error(io) where samples could not be written to a file, or folder, of this name: told before they are drawn.
void check_output(const std::filesystem::path& path);

/// Writes a run's samples with the columns, the class column and the class names of its data; of pictures also, by the
/// ending .png, as one sheet (see picture_sheet). Throws Error(usage) for .png where samples are no pictures.
void write_samples(const std::filesystem::path& path, const TrainedRun& run, const PointSamples& samples);

/// Where samples of a run go by default: RUN/samples/ddpm-40-seed-0.csv, with what else tells sets apart.
/// asked: what no key of the recipe says, as prompts and given rows; with the keys of [sample] that are not the run's
/// own it stands there as 8 digits of its SHA-256. count: asked for in place of sample.count; 0 = not.
std::filesystem::path sample_file(const TrainedRun& run, int64_t seed, const std::vector<std::string>& asked = {},
                                  int64_t count = 0);

/// Draws `count` points of the recipe's [data] (a table: at most its training split) and writes them.
Points write_data(const std::filesystem::path& path, const Recipe& recipe, uint64_t seed, int64_t count);

/// Throws the Error(usage) of write_points for an ending that it does not write.
void check_point_file(const std::filesystem::path& path);

/// The same for write_samples.
void check_sample_file(const std::filesystem::path& path, const DataFacts& facts);

/// The bytes of a PNG file: pictures side by side, a row for each class where they have classes and each has as many,
/// else as nearly square as can be, with a line of white between. Pictures below 32 pixels are enlarged by a whole
/// factor. across: pictures in a row, in the order of the points.   points: [rows, channels * height * width] in the
/// data's units; 1 or 3 channels are drawn (the opacity of 2 and 4 on white). Throws Error(usage) for another number of
/// channels, or no picture.
std::string picture_sheet(const Points& points, const DataFacts& facts, int64_t across = 0);

}  // namespace roulade
