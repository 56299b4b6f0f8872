// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/points.hpp"

#include "roulade/core/error.hpp"

#include <cmath>

namespace roulade {
namespace {

/// Of the values at first, first + step, ...; two passes.
Scaling::Moments moments(const std::vector<double>& values, size_t first, size_t step) {
  double sum = 0, squares = 0;
  size_t n = 0;
  for (size_t i = first; i < values.size(); i += step, ++n) sum += values[i];
  const double mean = sum / static_cast<double>(n);
  for (size_t i = first; i < values.size(); i += step) squares += (values[i] - mean) * (values[i] - mean);
  return {mean, std::sqrt(squares / static_cast<double>(n))};
}

void check_width(const Scaling& scaling, int64_t width) {
  if (static_cast<int64_t>(scaling.mean.size()) != width || scaling.deviation.size() != scaling.mean.size())
    fail(Code::usage, "scaling", "width of the points", std::to_string(scaling.mean.size()), std::to_string(width));
}

}  // namespace

Scaling Scaling::fit(const Points& points, const std::string& mode) {
  return fit(points.width, mode, [&](int64_t column) {
    if (points.rows < 1) fail(Code::input, "scaling", "no points to scale by");
    if (column == kAllColumns) return moments(points.values, 0, 1);
    return moments(points.values, static_cast<size_t>(column), static_cast<size_t>(points.width));
  });
}

Scaling Scaling::fit(int64_t columns, const std::string& mode, const std::function<Moments(int64_t column)>& of) {
  const auto width = static_cast<size_t>(columns);
  Scaling s{std::vector<double>(width, 0.0), std::vector<double>(width, 1.0)};
  if (mode == "none") return s;
  if (mode == "pixels") {
    s.mean.assign(width, 127.5);
    s.deviation.assign(width, 127.5);
    return s;
  }
  if (mode != "global" && mode != "centred" && mode != "column")
    fail_unknown("scaling", "mode", mode, {"global", "centred", "column", "pixels", "none"});
  if (width < 1) fail(Code::input, "scaling", "no points to scale by");
  if (mode == "global") {
    const Moments all = of(kAllColumns);
    s.mean.assign(width, all.mean);
    s.deviation.assign(width, all.deviation);
  } else {
    for (size_t j = 0; j < width; ++j) {
      const Moments column = of(static_cast<int64_t>(j));
      s.mean[j] = column.mean;
      s.deviation[j] = column.deviation;
    }
  }
  if (mode == "centred") {
    double squares = 0;
    for (const double deviation : s.deviation) squares += deviation * deviation;
    s.deviation.assign(width, std::sqrt(squares / static_cast<double>(width)));
  }
  for (size_t j = 0; j < width; ++j) {
    // Equal values may leave rounding behind: below this a column carries nothing.
    if (!(s.deviation[j] > 1e-14 * std::abs(s.mean[j])))
      fail(Code::input, "data.scale", "values of column " + std::to_string(j + 1),
           "two or more that differ (leave the column out, or set data.scale = \"none\")", "all the same");
  }
  return s;
}

const std::vector<std::string>& PointSource::texts() const {
  static const std::vector<std::string> kNone;
  return kNone;
}

Points Scaling::apply(const Points& points) const {
  check_width(*this, points.width);
  Points out = points;
  for (size_t i = 0; i < out.values.size(); ++i) {
    const size_t j = i % mean.size();
    out.values[i] = (out.values[i] - mean[j]) / deviation[j];
  }
  return out;
}

Points Scaling::undo(const Points& points) const {
  check_width(*this, points.width);
  Points out = points;
  for (size_t i = 0; i < out.values.size(); ++i) {
    const size_t j = i % mean.size();
    out.values[i] = out.values[i] * deviation[j] + mean[j];
  }
  return out;
}

Curve Scaling::apply(const Curve& curve) const {
  check_width(*this, 2);
  if (deviation[0] != deviation[1])
    fail(Code::usage, "scaling", "a curve's noise is one number",
         "one deviation for both columns (mode \"global\" or \"centred\")");
  Curve out = curve;
  for (auto& piece : out.pieces)
    for (auto& vertex : piece)
      for (size_t j = 0; j < 2; ++j) vertex[j] = (vertex[j] - mean[j]) / deviation[j];
  out.noise /= deviation[0];
  return out;
}

}  // namespace roulade
