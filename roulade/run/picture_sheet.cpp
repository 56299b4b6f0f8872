// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/resize.hpp"
#include "roulade/report/caption.hpp"
#include "roulade/report/png.hpp"
#include "roulade/run/picture_files.hpp"
#include "roulade/run/sample_files.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kLeastSide = 32;       // pixels of a picture on the sheet
constexpr int64_t kLeastCaptioned = 80;  // of one with a line below: a class's name is to fit
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
  if (across > 0) out.across = std::min(across, std::max<int64_t>(points.rows, 1));
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

int64_t times_to(const DataFacts& facts, int64_t least) {
  const int64_t side = std::min(facts.shape[1], facts.shape[2]);
  return std::max<int64_t>(1, (least + side - 1) / side);
}

Image picture_of(const Points& points, int64_t row, const DataFacts& facts) {
  if (!facts.pictures() || facts.shape[0] < 1 || facts.shape[0] > 4 || row < 0 || row >= points.rows)
    fail(Code::usage, "picture", "a sample", "of 1 to 4 channels",
         fmt::format("{} of {}, {} axes", row, points.rows, facts.shape.size()));
  Image out{facts.shape[2], facts.shape[1], facts.shape[0], {}};
  const int64_t pixels = out.width * out.height;
  out.values.resize(static_cast<size_t>(pixels * out.channels));
  const double* from = points.row(row);
  for (int64_t c = 0; c < out.channels; ++c)
    for (int64_t i = 0; i < pixels; ++i) {
      const double share = std::clamp((from[c * pixels + i] - facts.low) / (facts.high - facts.low), 0.0, 1.0);
      out.values[static_cast<size_t>(i * out.channels + c)] = static_cast<uint8_t>(std::lround(share * 255));
    }
  return out;
}

namespace {

std::string sheet(const Points& points, const DataFacts& facts, int64_t across,
                  const std::vector<std::string>& captions) {
  if (!facts.pictures() || points.rows < 1 || facts.shape[0] > 4)
    fail(Code::usage, "picture sheet", "pictures of 1 to 4 channels", "one or more",
         fmt::format("{} of {} axes", points.rows, facts.shape.size()));
  const int64_t height = facts.shape[1], width = facts.shape[2];
  const int64_t times = times_to(facts, captions.empty() ? kLeastSide : kLeastCaptioned);
  const Order order = order_of(points, across);
  const int64_t down = (points.rows + order.across - 1) / order.across;
  int lines = 0;
  const std::set<std::string> texts(captions.begin(), captions.end());
  for (const std::string& text : texts)
    lines = std::max(lines, plot::caption_lines(text, static_cast<int>(width * times)));
  const int64_t line = lines * plot::kCaptionHeight;
  const int64_t cell_x = width * times + kGap, cell_y = height * times + line + kGap;
  const int64_t sheet_x = order.across * cell_x + kGap, sheet_y = down * cell_y + kGap;
  std::vector<uint8_t> rgb(static_cast<size_t>(sheet_x * sheet_y * 3), 255);
  const auto at = [&](int64_t x, int64_t y) { return rgb.data() + (y * sheet_x + x) * 3; };
  std::map<std::string, std::vector<uint8_t>> drawn;  // lines of text: a class's is there many times
  for (int64_t k = 0; k < points.rows; ++k) {
    const int64_t row = order.rows[static_cast<size_t>(k)];
    const Image picture = enlarged(with_channels(picture_of(points, row, facts), 3), times);  // opacity on white
    const int64_t left = kGap + k % order.across * cell_x, top = kGap + k / order.across * cell_y;
    for (int64_t y = 0; y < height * times; ++y) std::copy_n(picture.pixel(0, y), width * times * 3, at(left, top + y));
    if (captions.empty()) continue;
    const std::string& text = captions[static_cast<size_t>(row)];
    std::vector<uint8_t>& strip = drawn[text];
    if (strip.empty()) strip = plot::caption(text, static_cast<int>(width * times), lines);
    for (int64_t y = 0; y < line; ++y)
      std::copy_n(strip.data() + y * width * times * 3, width * times * 3, at(left, top + height * times + y));
  }
  return plot::png_of_rgb(rgb, static_cast<int>(sheet_x), static_cast<int>(sheet_y));
}

}  // namespace

std::string picture_sheet(const Points& points, const DataFacts& facts, int64_t across) {
  return sheet(points, facts, across, {});
}

std::string captioned_sheet(const Points& points, const DataFacts& facts, const std::vector<std::string>& captions) {
  if (captions.size() != static_cast<size_t>(points.rows))
    fail(Code::usage, "picture sheet", "captions", fmt::format("{}", points.rows), fmt::format("{}", captions.size()));
  return sheet(points, facts, 0, captions);
}

}  // namespace roulade
