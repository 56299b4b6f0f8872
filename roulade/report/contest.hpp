// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/content.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

/// A table as it is shown: texts, the first column heads its row.
struct ContestTable {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
  std::string note;  ///< one sentence below; may be empty
};

struct ContestPanel {
  std::string title;
  PlotPoints samples;  ///< two columns or more: the first two are drawn; none: the data alone
};

/// A page on several recipes side by side. Whatever is empty is left out of it.
struct ContestContent {
  std::string title, summary;
  std::vector<ContestTable> tables;
  PlotPoints data;
  std::string panel_title;
  std::vector<ContestPanel> panels;  ///< row after row
  int panel_columns = 3;
  std::vector<ContestPanel> medians;       ///< one row, for a picture of its own
  std::vector<std::string> gallery_names;  ///< of the galleries, one each
  std::vector<ReportGallery> galleries;    ///< side by side, of one name
  std::vector<ReportFact> recipes;         ///< name, TOML text
  std::vector<std::string> commands;
  std::vector<ReportFact> environment;
};

/// Writes index.html, which needs no other file, and beside it the panels as samples.png and samples.svg, the medians
/// as medians.png.
/// Returns the paths, index.html first. Throws Error(io).
std::vector<std::filesystem::path> write_contest(const ContestContent& content, const std::filesystem::path& folder);

}  // namespace roulade
