// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/table_file.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/builtin.hpp"
#include "roulade/io/npy.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kMaxClasses = 10000;

/// Position of a column given by name, or by index where no column has that name.
size_t find_column(const std::vector<std::string>& columns, const std::string& wanted, const std::string& key) {
  const auto named = std::find(columns.begin(), columns.end(), wanted);
  if (named != columns.end()) return static_cast<size_t>(named - columns.begin());
  size_t index = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), index);
  if (error == std::errc() && end == wanted.data() + wanted.size() && index < columns.size()) return index;
  fail_unknown("data table." + key, "column", wanted, columns);
}

/// Columns to use, from those that may serve when none is named.
std::vector<size_t> chosen(const TableLayout& layout, const std::vector<std::string>& columns,
                           const std::vector<bool>& numeric) {
  std::vector<size_t> out;
  for (const std::string& name : layout.columns) {
    const size_t j = find_column(columns, name, "columns");
    if (std::count(out.begin(), out.end(), j))
      fail(Code::usage, "data table.columns", fmt::format("column '{}' is named twice", name));
    out.push_back(j);
  }
  if (!layout.columns.empty()) return out;
  for (size_t j = 0; j < columns.size(); ++j)
    if (numeric[j] && (layout.label.empty() || j != find_column(columns, layout.label, "label"))) out.push_back(j);
  return out;
}

/// The class as a whole number from 0 to 9999, or -1.
int64_t class_number(const std::string& text) {
  double x = 0;
  const bool whole = parse_number(text, x) && x == std::floor(x) && x >= 0 && x < static_cast<double>(kMaxClasses);
  return whole ? static_cast<int64_t>(x) : -1;
}

/// Numbers the classes; see read_table.
void set_labels(const std::vector<std::string>& texts, const std::string& where, TableContent& out) {
  const bool numbers = std::all_of(texts.begin(), texts.end(), [](const auto& t) { return class_number(t) >= 0; });
  std::map<std::string, int64_t> known;
  for (const std::string& text : texts) {
    int64_t label = class_number(text);
    if (!numbers) {
      const auto [at, added] = known.try_emplace(text, static_cast<int64_t>(known.size()));
      label = at->second;
      if (added) out.class_names.push_back(text);
      if (label >= kMaxClasses)
        fail(Code::input, where, "distinct classes in the label column", fmt::format("at most {}", kMaxClasses));
    }
    out.points.labels.push_back(label);
  }
  if (!numbers) return;
  const int64_t last = *std::max_element(out.points.labels.begin(), out.points.labels.end());
  for (int64_t k = 0; k <= last; ++k) out.class_names.push_back(std::to_string(k));
}

/// True for each column with at least one finite number (NaN and inf may be words): a column that has some must have
/// nothing else. Reads all rows.
std::vector<bool> find_numeric(CsvReader& reader) {
  std::vector<bool> numeric(reader.columns().size(), false);
  double ignored = 0;
  while (reader.next())
    for (size_t j = 0; j < numeric.size(); ++j)
      numeric[j] = numeric[j] || (parse_number(reader.field(j), ignored) && std::isfinite(ignored));
  return numeric;
}

TableContent read_csv_table(const std::filesystem::path& path, const TableLayout& layout) {
  CsvReader reader(read_content(path.string()), path.string(), layout.csv);
  const bool labelled = !layout.label.empty();
  const size_t label = labelled ? find_column(reader.columns(), layout.label, "label") : 0;
  const std::vector<size_t> use = chosen(layout, reader.columns(), find_numeric(reader));
  reader.rewind();

  TableContent out;
  out.points.width = static_cast<int64_t>(use.size());
  for (const size_t j : use) out.columns.push_back(reader.columns()[j]);
  std::vector<std::string> classes;
  for (; reader.next(); ++out.points.rows) {
    for (const size_t j : use) out.points.values.push_back(reader.number(j));
    if (!labelled) continue;
    classes.push_back(reader.field(label));
    if (classes.back().empty())
      fail(Code::input, fmt::format("{}:{}", path.string(), reader.line()), "the class is missing");
  }
  const std::string where = fmt::format("{}:{}", path.string(), reader.line());
  if (out.points.rows == 0) fail(Code::input, where, "no rows after the header");
  if (use.empty()) fail(Code::input, where, "no column has numbers");
  if (labelled) set_labels(classes, path.string(), out);
  return out;
}

TableContent read_npy_table(const std::filesystem::path& path, const TableLayout& layout) {
  const NpyArray array = parse_npy(read_content(path.string()), path.string());
  const size_t axes = array.shape.size();
  if ((axes != 1 && axes != 2) || array.values.empty())
    fail(Code::input, path.string(), "shape", "rows or [rows, columns], not empty",
         fmt::format("[{}]", fmt::join(array.shape, ", ")));
  const size_t width = axes == 2 ? static_cast<size_t>(array.shape[1]) : 1;
  std::vector<std::string> names;
  for (size_t j = 0; j < width; ++j) names.push_back(fmt::format("c{}", j));
  const bool labelled = !layout.label.empty();
  const size_t label = labelled ? find_column(names, layout.label, "label") : 0;
  const std::vector<size_t> use = chosen(layout, names, std::vector<bool>(width, true));

  TableContent out;
  out.points.rows = array.shape[0];
  out.points.width = static_cast<int64_t>(use.size());
  for (const size_t j : use) out.columns.push_back(names[j]);
  if (use.empty()) fail(Code::input, path.string(), "no column beside the label");
  std::vector<std::string> classes;
  for (size_t i = 0; i < static_cast<size_t>(out.points.rows); ++i) {
    const double* row = array.values.data() + i * width;
    for (size_t j = 0; j < width; ++j)
      if (!std::isfinite(row[j]))
        fail(Code::input, fmt::format("{} row {}", path.string(), i), fmt::format("column '{}'", names[j]),
             "a finite number", fmt::format("{}", row[j]));
    for (const size_t j : use) out.points.values.push_back(row[j]);
    if (labelled) classes.push_back(fmt::format("{}", row[label]));
  }
  if (labelled) set_labels(classes, path.string(), out);
  return out;
}

}  // namespace

bool is_npy(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension == ".npy";
}

TableContent read_table(const std::filesystem::path& path, const TableLayout& layout) {
  return is_npy(path) ? read_npy_table(path, layout) : read_csv_table(path, layout);
}

}  // namespace roulade
