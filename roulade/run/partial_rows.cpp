// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/partial_rows.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/csv.hpp"
#include "roulade/run/sample_files.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr int64_t kLabel = -1;

bool unknown(const std::string& cell) {
  const auto first = cell.find_first_not_of(" \t");
  if (first == std::string::npos) return true;
  const std::string word = cell.substr(first, cell.find_last_not_of(" \t") - first + 1);
  return word == "?" || word == "NA" || word == "nan" || word == "NaN";
}

}  // namespace

int64_t class_number(const DataFacts& facts, std::string_view name) {
  for (int64_t k = 0; k < facts.classes(); ++k)
    if (name == (facts.class_names.empty() ? std::to_string(k) : facts.class_names[static_cast<size_t>(k)])) return k;
  return -1;
}

GivenRows read_partial_rows(const TrainedRun& run, const std::filesystem::path& path) {
  const std::vector<std::string>& names = run.facts.columns;
  CsvReader reader(path);
  if (!reader.has_header())
    fail(Code::input, path.string(), "header", fmt::format("a first line with names out of {}", fmt::join(names, ", ")),
         "numbers");
  const std::string label = run.facts.classes() > 0 ? label_name(run.recipe) : "";
  std::vector<int64_t> meaning;  // of each column of the file
  for (const std::string& name : reader.columns()) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end() && (label.empty() || name != label))
      fail(Code::input, path.string(), fmt::format("column '{}'", name), fmt::format("{}", fmt::join(names, ", ")));
    const int64_t what = at == names.end() ? kLabel : at - names.begin();
    if (std::find(meaning.begin(), meaning.end(), what) != meaning.end())
      fail(Code::input, path.string(), fmt::format("column '{}' is there twice", name));
    meaning.push_back(what);
  }

  GivenRows out;
  out.points.width = static_cast<int64_t>(names.size());
  while (reader.next()) {
    const size_t row = out.points.values.size();
    out.points.values.resize(row + names.size(), 0.0);
    out.known.resize(row + names.size(), false);
    if (run.facts.classes() > 0) out.points.labels.push_back(-1);
    for (size_t c = 0; c < meaning.size(); ++c) {
      if (unknown(reader.field(c))) continue;
      if (meaning[c] == kLabel) {
        out.points.labels.back() = class_number(run.facts, reader.field(c));
        if (out.points.labels.back() < 0)
          fail(Code::input, fmt::format("{}:{}", path.string(), reader.line()),
               fmt::format("class '{}'", reader.field(c)), "one that the run was trained with");
        continue;
      }
      out.points.values[row + static_cast<size_t>(meaning[c])] = reader.number(c);
      out.known[row + static_cast<size_t>(meaning[c])] = true;
    }
    ++out.points.rows;
  }
  if (out.points.rows == 0) fail(Code::input, path.string(), "rows", "at least one", "none");
  return out;
}

}  // namespace roulade
