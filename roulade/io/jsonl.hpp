// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/file.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// Appends to a file of one JSON value a line. A line is one write of the system, so a kill leaves at most the last
/// line torn; opening drops such a torn line.
class JsonLines {
 public:
  /// Opens or creates. Throws Error(io).
  explicit JsonLines(const std::filesystem::path& path);

  /// Adds `line` (JSON text without newline) and its newline. After an Error(io) the file is as before the call.
  void append(std::string_view line);
  void sync() { file_.sync(); }  ///< returns when all lines are on the disk

 private:
  File file_;
};

/// The complete lines of a file, without their newlines; a torn last line is left out. Throws Error(io).
std::vector<std::string> read_lines(const std::filesystem::path& path);

/// Cuts the file before the first line for which keep(line) is false, and drops a torn last line. Returns the number of
/// lines kept; a missing file has none. Throws Error(io).
int64_t cut_back(const std::filesystem::path& path, const std::function<bool(std::string_view)>& keep);

}  // namespace roulade
