// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/view.hpp"

#include <algorithm>
#include <cmath>

namespace roulade::plot {

namespace {

// The middle 99 % of the finite values, which leaves out the long tail of noise.
Limits middle(std::vector<double> values) {
  values.erase(std::remove_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); }), values.end());
  if (values.size() < 2) return limits_of(values);
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  Limits found{values[static_cast<size_t>(0.005 * last)], values[static_cast<size_t>(std::ceil(0.995 * last))]};
  return found.low < found.high ? found : limits_of(values);
}

}  // namespace

std::vector<double> column(const std::vector<double>& values, int64_t width, int64_t c) {
  std::vector<double> out;
  out.reserve(values.size() / static_cast<size_t>(width));
  for (size_t i = static_cast<size_t>(c); i < values.size(); i += static_cast<size_t>(width)) out.push_back(values[i]);
  return out;
}

View view_of(const PlotPoints& data, const PlotPoints& samples) {
  View view;
  const int64_t width = std::max(data.width, samples.width);
  for (int64_t c = 0; c < width; ++c) {
    if (data.rows() == 0) {
      view.push_back(pad(middle(column(samples.values, width, c)), 0.08));
      continue;
    }
    const Limits core = limits_of(column(data.values, width, c));
    Limits both = core;
    if (samples.rows() > 0) both = join(both, limits_of(column(samples.values, width, c)));
    const double room = 0.3 * core.span();
    view.push_back(pad({std::max(both.low, core.low - room), std::min(both.high, core.high + room)}, 0.04));
  }
  return view;
}

int64_t outside(const PlotPoints& points, const View& view) {
  int64_t count = 0;
  for (int64_t i = 0; i < points.rows(); ++i)
    for (int64_t c = 0; c < points.width; ++c)
      if (!view[static_cast<size_t>(c)].contains(points.values[static_cast<size_t>(i * points.width + c)])) {
        ++count;
        break;
      }
  return count;
}

bool plane_like(const View& view) {
  if (view.size() != 2) return false;
  const double ratio = view[0].span() / view[1].span();
  return ratio < 4 && ratio > 0.25;
}

void make_square(View& view) {
  double span = 0;
  for (const Limits& l : view) span = std::max(span, l.span());
  for (Limits& l : view) l = {l.centre() - span / 2, l.centre() + span / 2};
}

std::vector<View> frame_views(const std::vector<ReportFrame>& frames, int64_t width, const View& data) {
  std::vector<View> views;
  double largest = 1;  // how many times wider than the data the frames get
  for (const ReportFrame& frame : frames) {
    View view;
    for (int64_t c = 0; c < width; ++c) {
      const Limits& shown = data[static_cast<size_t>(c)];
      view.push_back(join(shown, pad(middle(column(frame.values, width, c)), 0.03)));
      largest = std::max(largest, view.back().span() / shown.span());
    }
    views.push_back(view);
  }
  constexpr double kOneSize = 2.5;
  if (largest <= kOneSize) {
    View all = data;
    for (const View& view : views)
      for (size_t c = 0; c < all.size(); ++c) all[c] = join(all[c], view[c]);
    views.assign(frames.size(), all);
  }
  if (plane_like(data))
    for (View& view : views) make_square(view);
  return views;
}

}  // namespace roulade::plot
