// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/report/png.hpp"
#include "roulade/run/sample_files.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kLeastSide = 32;  // pixels of a picture on the sheet
constexpr int64_t kGap = 2;

/// The pictures in the order in which they are drawn, and how many stand in a row.
struct Order {
  std::vector<int64_t> rows;
  int64_t across = 1;
};

Order order_of(const Points& points, int64_t across) {
  Order out;
  out.rows.resize(static_cast<size_t>(points.rows));
  std::iota(out.rows.begin(), out.rows.end(), 0);
  out.across = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(points.rows))));
  if (across > 0) out.across = across;
  if (points.labels.empty() || across > 0) return out;
  const auto label = [&](int64_t i) { return points.labels[static_cast<size_t>(i)]; };
  std::stable_sort(out.rows.begin(), out.rows.end(), [&](int64_t a, int64_t b) { return label(a) < label(b); });
  int64_t each = 0, run = 0;  // the same number of every class, or 0
  for (size_t i = 0; i < out.rows.size(); ++i) {
    ++run;
    if (i + 1 < out.rows.size() && label(out.rows[i + 1]) == label(out.rows[i])) continue;
    if (each != 0 && run != each) return out;
    each = run;
    run = 0;
  }
  if (each < points.rows) out.across = each;
  return out;
}

}  // namespace

std::string picture_sheet(const Points& points, const DataFacts& facts, int64_t across) {
  if (!facts.pictures() || points.rows < 1 || facts.shape[0] > 4)
    fail(Code::usage, "picture sheet", "pictures of 1 to 4 channels", "one or more",
         fmt::format("{} of {} axes", points.rows, facts.shape.size()));
  const int64_t channels = facts.shape[0], height = facts.shape[1], width = facts.shape[2];
  const int64_t colours = channels < 3 ? 1 : 3;
  const int64_t times = std::max<int64_t>(1, (kLeastSide + std::min(height, width) - 1) / std::min(height, width));
  const Order order = order_of(points, across);
  const int64_t down = (points.rows + order.across - 1) / order.across;
  const int64_t cell_x = width * times + kGap, cell_y = height * times + kGap;
  const int64_t sheet_x = order.across * cell_x + kGap, sheet_y = down * cell_y + kGap;
  std::vector<uint8_t> rgb(static_cast<size_t>(sheet_x * sheet_y * 3), 255);
  for (int64_t k = 0; k < points.rows; ++k) {
    const double* from = points.row(order.rows[static_cast<size_t>(k)]);
    const int64_t left = kGap + k % order.across * cell_x, top = kGap + k / order.across * cell_y;
    for (int64_t y = 0; y < height * times; ++y)
      for (int64_t x = 0; x < width * times; ++x)
        for (int64_t c = 0; c < 3; ++c) {
          const int64_t channel = colours == 1 ? 0 : c;
          const double value = from[(channel * height + y / times) * width + x / times];
          const double share = std::clamp((value - facts.low) / (facts.high - facts.low), 0.0, 1.0);
          rgb[static_cast<size_t>(((top + y) * sheet_x + left + x) * 3 + c)] =
              static_cast<uint8_t>(std::lround(share * 255));
        }
  }
  return plot::png_of_rgb(rgb, static_cast<int>(sheet_x), static_cast<int>(sheet_y));
}

}  // namespace roulade
