// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/animation.hpp"

#include "roulade/report/classes.hpp"
#include "roulade/report/text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade::plot {

namespace {

// `wanted` of 0..count-1, evenly spread, both ends among them.
std::vector<size_t> spread(size_t count, size_t wanted) {
  std::vector<size_t> chosen;
  const size_t n = std::min(count, wanted);
  for (size_t i = 0; i < n; ++i) chosen.push_back(n == 1 ? 0 : i * (count - 1) / (n - 1));
  return chosen;
}

// The first columns of the chosen rows.
std::vector<double> pick(const std::vector<double>& values, size_t width, const std::vector<size_t>& rows,
                         size_t keep) {
  std::vector<double> out;
  out.reserve(rows.size() * keep);
  for (size_t r : rows)
    for (size_t c = 0; c < keep; ++c) out.push_back(values[r * width + c]);
  return out;
}

// Appends the points as 16-bit shares of each column's range.
void quantise(std::string& bytes, const std::vector<double>& points, const View& range) {
  for (size_t i = 0; i < points.size(); ++i) {
    const Limits& l = range[i % range.size()];
    const double share = (points[i] - l.low) / l.span();
    const auto q = static_cast<uint16_t>(std::isfinite(share) ? std::lround(std::clamp(share, 0.0, 1.0) * 65535) : 0);
    bytes += static_cast<char>(q & 0xFF);
    bytes += static_cast<char>(q >> 8);
  }
}

// Wider than the view, so that a point held at the range's end is out of sight.
View range_of(View view) {
  for (Limits& l : view) l = pad(l, 0.25);
  return view;
}

nlohmann::json to_list(const View& view) {
  nlohmann::json out = nlohmann::json::array();
  for (const Limits& l : view) out.push_back({l.low, l.high});
  return out;
}

}  // namespace

std::string label_of(const ReportFrame& frame) {
  return frame.label.empty() ? fmt::format("t = {:.3f}", frame.t) : frame.label;
}

Animation animation_of(const ReportContent& content, size_t points, size_t frames) {
  Animation a;
  if (content.frames.empty()) return a;
  const auto width = static_cast<size_t>(content.samples.width > 0 ? content.samples.width : content.data.width);
  const size_t keep = std::min<size_t>(width, 4);
  a.width = static_cast<int64_t>(keep);
  for (size_t c = 0; c < keep; ++c)
    a.columns.push_back(c < content.columns.size() ? content.columns[c] : fmt::format("column {}", c + 1));

  const auto rows = spread(content.frames.front().values.size() / width, points);
  std::vector<ReportFrame> kept;
  for (size_t f : spread(content.frames.size(), frames)) {
    const ReportFrame& frame = content.frames[f];
    kept.push_back({frame.t, label_of(frame), pick(frame.values, width, rows, keep)});
  }
  const Classes classes(content.frame_labels, {});
  for (size_t r : rows) a.group.push_back(content.frame_labels.empty() ? 0 : classes.index(content.frame_labels[r]));
  for (size_t i = 0; i < classes.size(); ++i) {
    a.colours.push_back(classes.colour(i));
    a.classes.push_back(classes.name(i));
  }
  if (a.colours.empty()) a.colours.push_back(kSamples);

  a.data = pick(content.data.values, width, spread(static_cast<size_t>(content.data.rows()), points), keep);
  View end = view_of(content.data, content.samples);
  end.resize(keep);
  a.plane = plane_like(end);
  a.views = frame_views(kept, a.width, end);
  for (ReportFrame& frame : kept) {
    a.labels.push_back(frame.label);
    a.times.push_back(frame.t);
    a.points.push_back(std::move(frame.values));
  }
  return a;
}

std::string to_json(const Animation& a) {
  std::string bytes, data;
  nlohmann::json views = nlohmann::json::array(), ranges = nlohmann::json::array(), colours = nlohmann::json::array();
  for (size_t f = 0; f < a.points.size(); ++f) {
    const View range = range_of(a.views[f]);
    quantise(bytes, a.points[f], range);
    views.push_back(to_list(a.views[f]));
    ranges.push_back(to_list(range));
  }
  const View range = range_of(a.views.back());
  quantise(data, a.data, range);
  for (const Colour& c : a.colours) colours.push_back(fmt::format("#{:02x}{:02x}{:02x}", c.r, c.g, c.b));
  nlohmann::json labels = nlohmann::json::array(), columns = nlohmann::json::array();
  for (const std::string& s : a.labels) labels.push_back(clean(s));
  for (const std::string& s : a.columns) columns.push_back(clean(s));
  return nlohmann::json({{"width", a.width},
                         {"rows", a.group.size()},
                         {"columns", columns},
                         {"labels", labels},
                         {"views", views},
                         {"ranges", ranges},
                         {"points", base64(bytes)},
                         {"data", base64(data)},
                         {"dataRange", to_list(range)},
                         {"groups", a.group},
                         {"colours", colours},
                         {"classes", a.classes},
                         {"plane", a.plane}})
      .dump();
}

}  // namespace roulade::plot
