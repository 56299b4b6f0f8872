// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/file_tree.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// A picture of a data set that is not read yet.
struct ImageItem {
  std::string name;                     ///< path below the folder, with '/' between its parts
  int64_t label = -1;                   ///< class, or -1: none
  std::string caption;                  ///< UTF-8, or empty: none
  int64_t repeats = 1;                  ///< times that an epoch shows it
  std::vector<std::string> wordings{};  ///< of the caption, which is the first; empty: no others are listed
};

/// The pictures of a folder, in bytewise order of their names.
struct ImageFolder {
  std::filesystem::path root;             ///< as it was named
  std::shared_ptr<const FileTree> files;  ///< what the items' names are names in
  std::vector<ImageItem> items;
  std::vector<std::string> class_names;  ///< [classes]; empty = no labels
  int64_t others = 0;                    ///< files that are neither pictures nor describe some
  std::string other{};                   ///< the name of the first of them
};

struct FolderOptions {
  bool classes = true;  ///< subfolders are classes; false: they only hold pictures
  bool repeats = true;  ///< subfolders "10_name", where all are named so, hold pictures that an epoch shows 10 times
  std::string attribute{};  ///< key of the metadata whose values are the classes, and nothing else; empty: as below
};

/// Finds the pictures (is_picture_name) of a folder and all below it, or of archives (open_tree), and what is said of
/// them.
///
/// Classes. dataset.json of the folder, {"labels": [["name", class], ...]} (EDM): it must name every picture. Else
/// "label" in the metadata. Else NAME.cls beside the picture, a whole number. Else, where pictures lie in subfolders
/// alone, there is no metadata and no repeats: the subfolders, in bytewise order; pictures deeper down belong to the
/// subfolder above.
///
/// Captions. metadata.jsonl or metadata.csv, in any folder: lines of file_name (below that folder), text (or caption),
/// in .jsonl also texts (all wordings), label (whole numbers from 0 to 9999, or names, numbered in bytewise order).
/// Else NAME.caption, else NAME.txt beside the picture, line breaks made blanks, else NAME.json. Else, with repeats,
/// the rest of the subfolder's name.
///
/// Repeats. Where the name of every subfolder is N_rest, N from 1 to 9999 without a leading zero (kohya's sd-scripts).
///
/// Pictures are not opened. Throws Error(io) when a folder or file cannot be read; Error(input) with file and line when
/// there is no picture, or a description is damaged, not UTF-8, or names what is not there or twice.
ImageFolder scan_images(const std::filesystem::path& folder, const FolderOptions& options = {});

/// The same of files that are open already.   root: their place, for messages.
ImageFolder scan_tree(const std::filesystem::path& root, std::shared_ptr<const FileTree> files,
                      const FolderOptions& options = {});

/// The N of "N_rest", or 0.
int64_t repeats_of(std::string_view folder_name);

}  // namespace roulade
