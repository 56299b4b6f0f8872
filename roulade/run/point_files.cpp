// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/point_files.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/csv.hpp"
#include "roulade/io/npy.hpp"

#include <fmt/format.h>

namespace roulade {
namespace {

std::vector<std::string> label_texts(const Points& points, const std::vector<std::string>& class_names) {
  std::vector<std::string> texts;
  for (const int64_t label : points.labels) {
    const bool named = label >= 0 && label < static_cast<int64_t>(class_names.size());
    texts.push_back(named ? class_names[static_cast<size_t>(label)] : label < 0 ? "" : std::to_string(label));
  }
  return texts;
}

}  // namespace

void check_point_file(const std::filesystem::path& path) {
  const std::string kind = path.extension().string();
  if (kind != ".csv" && kind != ".npy")
    fail(Code::usage, path.string(), "kind of file", ".csv or .npy", kind.empty() ? "no extension" : kind);
}

void write_points(const std::filesystem::path& path, const Points& points, const PointColumns& columns) {
  check_point_file(path);
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) fail(Code::io, path.parent_path().string(), fmt::format("cannot make this folder: {}", error.message()));
  if (path.extension() == ".npy") return write_npy(path, {points.rows, points.width}, points.values);
  std::vector<std::string> names = columns.names;
  if (!points.labels.empty()) names.push_back(columns.label);
  write_csv(path, names, points.values, label_texts(points, columns.class_names));
}

}  // namespace roulade
