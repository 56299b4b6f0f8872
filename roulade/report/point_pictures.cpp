// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/animation.hpp"
#include "roulade/report/classes.hpp"
#include "roulade/report/dots.hpp"
#include "roulade/report/pictures.hpp"
#include "roulade/report/text.hpp"
#include "roulade/report/view.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace roulade::plot {

namespace {

constexpr size_t kMostColumns = 4;
constexpr int kBins = 60;

// A set of points and how it is shown.
struct Layer {
  const PlotPoints* points = nullptr;
  std::string name;
  Colour colour;
  bool by_class = false;
  double opacity = 0;
};

std::vector<Series> scatter(const Layer& layer, int64_t cx, int64_t cy, const Classes& classes, double side) {
  const PlotPoints& p = *layer.points;
  Series one;
  one.kind = Series::Kind::points;
  one.name = layer.name;
  one.colour = layer.colour;
  one.opacity = layer.opacity;
  if (!layer.by_class) {
    one.x = column(p.values, p.width, cx);
    one.y = column(p.values, p.width, cy);
    return {one};
  }
  one.radius = fitting_radius(static_cast<size_t>(p.rows()), side);  // classes alike, however many rows each has
  std::vector<Series> all(classes.size(), one);
  for (size_t k = 0; k < all.size(); ++k) {
    all[k].name = classes.name(k);
    all[k].colour = classes.colour(k);
  }
  for (int64_t i = 0; i < p.rows(); ++i) {
    Series& s = all[classes.index(p.labels[static_cast<size_t>(i)])];
    s.x.push_back(p.values[static_cast<size_t>(i * p.width + cx)]);
    s.y.push_back(p.values[static_cast<size_t>(i * p.width + cy)]);
  }
  return all;
}

Series bars(const Layer& layer, int64_t c, Limits limits, bool filled) {
  Series s = histogram(column(layer.points->values, layer.points->width, c), limits, kBins);
  s.name = layer.name;
  s.colour = layer.colour;
  s.filled = filled;
  return s;
}

Panel bar_panel(const std::vector<Layer>& layers, int64_t c, const View& view, const std::string& name) {
  Panel panel;
  panel.x = {name, view[static_cast<size_t>(c)], false, true};
  panel.y.label = "density";
  for (size_t i = 0; i < layers.size(); ++i)
    panel.series.push_back(bars(layers[i], c, view[static_cast<size_t>(c)], i == 0));
  return panel;
}

Panel scatter_panel(const std::vector<Layer>& layers, int64_t cx, int64_t cy, const View& view,
                    const Classes& classes) {
  Panel panel;
  panel.x.limits = view[static_cast<size_t>(cx)];
  panel.y.limits = view[static_cast<size_t>(cy)];
  for (const Layer& layer : layers)
    for (Series& s : scatter(layer, cx, cy, classes, view.size() == 2 ? 400 : 190))
      panel.series.push_back(std::move(s));
  return panel;
}

Figure point_figure(const ReportContent& content, const std::vector<Layer>& layers, const View& view) {
  const Classes classes(content.data.labels, content.samples.labels);
  const size_t shown = std::min(view.size(), kMostColumns);
  const bool by_class = layers.back().by_class;
  Figure figure;
  figure.height = 480 + 34;
  if (shown == 1) {
    figure.panels.push_back(bar_panel(layers, 0, view, column_name(content, 0)));
    return figure;
  }
  if (shown == 2) {
    Panel panel = scatter_panel(layers, 0, 1, view, classes);
    panel.x.label = column_name(content, 0);
    panel.y.label = column_name(content, 1);
    panel.equal = plane_like(view);
    panel.legend = panel.series.size() <= 13;
    figure.panels.push_back(std::move(panel));
    return figure;
  }
  figure.columns = static_cast<int>(shown);
  figure.legend = true;
  figure.width = 240 * static_cast<double>(shown);
  figure.height = 210 * static_cast<double>(shown) + 34;
  for (size_t row = 0; row < shown; ++row)
    for (size_t col = 0; col < shown; ++col) {
      const auto cx = static_cast<int64_t>(col), cy = static_cast<int64_t>(row);
      Panel panel = row == col ? bar_panel(layers, cx, view, "") : scatter_panel(layers, cx, cy, view, classes);
      panel.x.label = row + 1 == shown ? column_name(content, col) : "";
      panel.y.label = col == 0 ? column_name(content, row) : "";
      if (row == col && by_class) panel.series.back().name.clear();  // samples carry the names of their classes
      if (row == col) panel.y.ticks = false;
      figure.panels.push_back(std::move(panel));
    }
  return figure;
}

std::string counted(int64_t n, const char* what) { return grouped(n) + " " + what; }

std::string class_note(const PlotPoints& points) { return points.labels.empty() ? "" : ", coloured by class"; }

}  // namespace

std::string column_name(const ReportContent& content, size_t c) {
  return c < content.columns.size() && !content.columns[c].empty() ? content.columns[c]
                                                                   : fmt::format("column {}", c + 1);
}

Picture samples_picture(const ReportContent& content) {
  const View view = view_of(content.data, content.samples);
  std::vector<Layer> layers;
  const bool by_class = !content.samples.labels.empty() && view.size() > 1;
  if (content.data.rows() > 0) layers.push_back({&content.data, "data", kData, false, 0});
  layers.push_back({&content.samples, "samples", kSamples, by_class, 0});
  Picture picture{"samples", point_figure(content, layers, view), {}};
  picture.figure.title = content.data.rows() > 0 ? "Samples over data" : "Samples";
  picture.caption = counted(content.samples.rows(), "generated points") + class_note(content.samples);
  if (content.data.rows() > 0) picture.caption += ", over " + counted(content.data.rows(), "real ones (grey)");
  if (view.size() > kMostColumns)
    picture.caption += fmt::format("; the first {} of {} columns", kMostColumns, view.size());
  picture.caption += ".";
  if (const int64_t lost = outside(content.samples, view); lost > 0)
    picture.caption += fmt::format(" {} of the samples lie outside the picture.", grouped(lost));
  return picture;
}

Picture data_picture(const ReportContent& content) {
  const View view = view_of(content.data, content.samples);  // the same limits as the samples' picture
  Layer layer{&content.data, "", kData, !content.data.labels.empty() && view.size() > 1, 0};
  Picture picture{"data", point_figure(content, {layer}, view), {}};
  picture.figure.title = "Data";
  picture.caption = counted(content.data.rows(), "real points") + class_note(content.data) + ".";
  return picture;
}

Picture noising_picture(const ReportContent& content) {
  const auto width = content.data.width > 0 ? content.data.width : content.samples.width;
  const auto& frames = content.noising;
  const size_t count = std::min<size_t>(frames.size(), 6);
  View first, last;
  for (int64_t c = 0; c < width; ++c) {
    first.push_back(pad(limits_of(column(frames.front().values, width, c)), 0.05));
    last.push_back(first.back());
  }
  const std::vector<View> views = frame_views(frames, width, first);
  Picture picture{"noising", {}, {}};
  picture.figure.title = "Forward noising";
  picture.figure.columns = static_cast<int>(count);
  picture.figure.width = 190 * static_cast<double>(count) + 16;
  picture.figure.height = 212 + 34;
  for (size_t i = 0; i < count; ++i) {
    const size_t f = count == 1 ? 0 : i * (frames.size() - 1) / (count - 1);
    const PlotPoints points{width, frames[f].values, {}};
    const std::vector<Layer> layers{{&points, "", kSamples, false, 0}};
    Panel panel = width == 1 ? bar_panel(layers, 0, views[f], "") : scatter_panel(layers, 0, 1, views[f], {{}, {}});
    panel.title = frames[f].label.empty() ? fmt::format("t = {:.3g}", frames[f].t) : frames[f].label;
    panel.y.label.clear();
    panel.equal = width > 1 && plane_like(views[f]);
    picture.figure.panels.push_back(std::move(panel));
  }
  picture.caption = "The same points ever deeper in noise, in the units that the network sees (scaled).";
  return picture;
}

}  // namespace roulade::plot
