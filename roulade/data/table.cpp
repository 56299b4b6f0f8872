// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/data/points.hpp"
#include "roulade/data/table_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace roulade::data {
namespace {

struct Settings {
  std::string file;
  std::string label;
  std::vector<std::string> columns;
  std::vector<double> shape;
  std::string header = "detect";
  std::string delimiter = "detect";
  double validation = 0.1;
  double test = 0.1;
  int64_t split_seed = 0;

  void bind(Binder& b) {
    b.add("file", file, {}, "CSV or NPY file");
    b.add("label", label, {}, "class column, by name or index from 0; empty = no classes");
    b.add("columns", columns, {}, "columns to use, by name or index from 0; empty = all numeric ones but the label");
    b.add("shape", shape, at_least(1), "channels, height and width, where a row is a picture; empty = it is a point");
    b.add("header", header, {"detect", "present", "absent"}, "CSV: whether the first line names the columns");
    b.add("delimiter", delimiter, {"detect", "comma", "semicolon", "tab"}, "CSV: what parts the fields");
    b.add("validation", validation, between(0, 1), "share of the rows for validation");
    b.add("test", test, between(0, 1), "share of the rows for the test");
    b.add("split_seed", split_seed, at_least(0), "decides which rows go where");
  }
};

TableLayout layout(const Settings& s) {
  TableLayout out{s.label, s.columns, {}};
  if (s.header != "detect")
    out.csv.header = s.header == "present" ? CsvOptions::Header::present : CsvOptions::Header::absent;
  if (s.delimiter != "detect") out.csv.delimiter = s.delimiter == "comma" ? ',' : s.delimiter == "tab" ? '\t' : ';';
  return out;
}

class TableSource final : public PointSource {
 public:
  explicit TableSource(const Settings& s) {
    if (s.file.empty()) fail(Code::usage, "data table.file", "no file is named");
    if (s.validation + s.test >= 1)
      fail(Code::usage, "data table", "validation + test", "below 1", fmt::format("{}", s.validation + s.test));
    content_ = read_table(s.file, layout(s));
    shape_.assign(s.shape.begin(), s.shape.end());
    check_shape(s);
    const int64_t rows = content_.points.rows;
    const auto share = [rows](double part) { return std::llround(part * static_cast<double>(rows)); };
    const int64_t test = share(s.test), validation = share(s.validation);
    if (test + validation >= rows)
      fail(Code::input, s.file, "rows", fmt::format("enough for a share of {} to train", 1 - s.validation - s.test),
           std::to_string(rows));
    const std::vector<int64_t> order = permutation({static_cast<uint64_t>(s.split_seed), Stream::split, 0}, rows);
    part(Split::test).assign(order.begin(), order.begin() + test);
    part(Split::validation).assign(order.begin() + test, order.begin() + test + validation);
    part(Split::train).assign(order.begin() + test + validation, order.end());
  }

  const std::vector<std::string>& columns() const override { return content_.columns; }
  std::vector<int64_t> shape() const override { return shape_.empty() ? PointSource::shape() : shape_; }
  int64_t classes() const override { return static_cast<int64_t>(content_.class_names.size()); }
  std::vector<std::string> class_names() const override { return content_.class_names; }
  bool endless() const override { return false; }

  Points draw(Split split, uint64_t seed, int64_t count) const override {
    const std::vector<int64_t>& rows = parts_[static_cast<size_t>(split)];
    const auto all = static_cast<int64_t>(rows.size());
    if (count < 0) fail(Code::usage, "data table", "number of points", ">= 0", std::to_string(count));
    const Points& from = content_.points;
    Points out{count == 0 ? all : std::min(count, all), from.width, {}, {}};
    const std::vector<int64_t> order =
        permutation({derive_seed(seed, static_cast<uint64_t>(split)), Stream::data, 0}, all);
    for (int64_t i = 0; i < out.rows; ++i) {
      const int64_t row = rows[static_cast<size_t>(order[static_cast<size_t>(i)])];
      out.values.insert(out.values.end(), from.row(row), from.row(row) + from.width);
      if (!from.labels.empty()) out.labels.push_back(from.labels[static_cast<size_t>(row)]);
    }
    return out;
  }

 private:
  void check_shape(const Settings& s) const {
    if (shape_.empty()) return;
    double product = 1;
    bool whole = shape_.size() == 3;
    for (const double axis : s.shape) {
      product *= axis;
      whole = whole && axis == std::floor(axis);
    }
    if (!whole) fail(Code::usage, "data table.shape", "three integers", "[channels, height, width]", to_text(s.shape));
    if (product != static_cast<double>(content_.points.width))
      fail(Code::usage, "data table.shape", "numbers of a picture",
           fmt::format("{}, the columns", content_.points.width), fmt::format("{}", product));
  }

  std::vector<int64_t>& part(Split split) { return parts_[static_cast<size_t>(split)]; }

  TableContent content_;
  std::vector<int64_t> shape_;
  std::array<std::vector<int64_t>, 3> parts_;  ///< rows of each split
};

}  // namespace

Entry table() {
  Entry entry;
  entry.name = "table";
  entry.summary = "Rows of a CSV or NPY file, split into train, validation and test by seed";
  entry.source = "the file";
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const TableSource>(s); });
}

}  // namespace roulade::data
