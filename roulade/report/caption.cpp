// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/caption.hpp"

#include "roulade/report/cairo_painter.hpp"
#include "roulade/report/text.hpp"

#include <algorithm>

namespace roulade::plot {
namespace {

constexpr double kSize = 11, kBaseline = 12, kMargin = 1;
constexpr size_t kMostBytes = 1000;  // what no picture is wide enough for need not be measured

std::string one_line(std::string_view text) {
  std::string out = clean(text.substr(0, kMostBytes));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return out;
}

void drop_last_character(std::string& utf8) {
  while (!utf8.empty() && (utf8.back() & 0xC0) == 0x80) utf8.pop_back();
  if (!utf8.empty()) utf8.pop_back();
}

}  // namespace

std::vector<uint8_t> caption(std::string_view text, int width) {
  CairoPainter painter(width, kCaptionHeight, 1);
  std::string line = one_line(text);
  const auto fits = [&](const std::string& words) { return painter.text_width(words, kSize) <= width - 2 * kMargin; };
  if (!fits(line)) {
    while (!line.empty() && !fits(line + "…")) drop_last_character(line);
    line.erase(line.find_last_not_of(' ') + 1);
    line += "…";
  }
  painter.text({width / 2.0, kBaseline}, line, kSize, Anchor::middle, {{0, 0, 0}}, false, false);
  return painter.rgb();
}

}  // namespace roulade::plot
