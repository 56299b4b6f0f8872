// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/table_rows.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/table_file.hpp"
#include "roulade/run/partial_rows.hpp"
#include "roulade/run/sample_files.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace roulade {
namespace {

int64_t known_class(const TrainedRun& run, const std::string& name, const std::filesystem::path& path) {
  const int64_t number = class_number(run.facts, name);
  if (number < 0)
    fail(Code::input, path.string(), fmt::format("class '{}'", name), "one that the run was trained with");
  return number;
}

}  // namespace

Points read_rows(const TrainedRun& run, const std::filesystem::path& path) {
  const auto width = static_cast<int64_t>(run.facts.columns.size());
  TableLayout layout;
  if (!is_npy(path)) {
    const CsvReader head(path);
    // A file without a header is taken in the run's order.
    if (head.has_header()) layout.columns = run.facts.columns;
    const std::string label = label_name(run.recipe);
    const auto& names = head.columns();
    if (run.facts.classes() > 0 && std::find(names.begin(), names.end(), label) != names.end()) layout.label = label;
  }
  TableContent content = read_table(path, layout);
  if (content.points.width != width)
    fail(Code::input, path.string(), "columns", fmt::format("{} as in the run's data", width),
         fmt::format("{}", content.points.width));
  std::vector<int64_t> classes;
  for (const int64_t label : content.points.labels)
    if (const auto k = static_cast<size_t>(label); k >= classes.size()) classes.resize(k + 1, -1);
  for (int64_t& label : content.points.labels) {
    int64_t& known = classes[static_cast<size_t>(label)];
    if (known < 0) known = known_class(run, content.class_names[static_cast<size_t>(label)], path);
    label = known;
  }
  return content.points;
}

}  // namespace roulade
