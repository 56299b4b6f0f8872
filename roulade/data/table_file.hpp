// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/points.hpp"
#include "roulade/io/csv.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

/// Which columns of a file are the data, and which the class.
struct TableLayout {
  std::string label;                 ///< name or index (from 0) of the class column; empty = no classes
  std::vector<std::string> columns;  ///< names or indices; empty = every column with a number, the label aside
  CsvOptions csv;
};

/// A whole file.
struct TableContent {
  Points points;
  std::vector<std::string> columns;      ///< [width] names
  std::vector<std::string> class_names;  ///< [classes], or empty
};

/// Whether a file's name ends in .npy, in capitals, too.
bool is_npy(const std::filesystem::path& path);

/// Reads a CSV file (built-in ones included), or a NPY file of one or two axes (its columns are "c0", "c1", ...) where
/// the name ends in .npy. Classes: whole numbers from 0 to 9999 stand for themselves, anything else is numbered in
/// order of appearance. Throws Error(io) when the file cannot be read; Error(input) with file and line (NPY: row) for a
/// bad number, NaN, infinity, a wrong number of fields, no rows, no numbers, more than 10000 classes; Error(usage) for
/// an unknown column.
TableContent read_table(const std::filesystem::path& path, const TableLayout& layout);

}  // namespace roulade
