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
  std::string out(text.substr(0, kMostBytes));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return clean(out);
}

void drop_last_character(std::string& utf8) {
  while (!utf8.empty() && (utf8.back() & 0xC0) == 0x80) utf8.pop_back();
  if (!utf8.empty()) utf8.pop_back();
}

class Lines {
 public:
  Lines(CairoPainter& painter, int width) : painter_(painter), most_(width - 2 * kMargin) {}

  std::vector<std::string> of(const std::string& text) const {
    std::vector<std::string> out;
    std::string rest = text;
    while (out.empty() || !rest.empty()) {
      if (fits(rest)) {
        out.push_back(rest);
        break;
      }
      if (out.size() + 1 == kCaptionLines) {
        out.push_back(cut(rest));
        break;
      }
      const size_t taken = beginning(rest);
      out.push_back(rest.substr(0, taken));
      out.back().erase(out.back().find_last_not_of(' ') + 1);
      rest.erase(0, std::min(rest.size(), rest.find_first_not_of(' ', taken)));
    }
    return out;
  }

 private:
  bool fits(const std::string& words) const { return painter_.text_width(words, kSize) <= most_; }

  std::string cut(std::string line) const {
    while (!line.empty() && !fits(line + "…")) drop_last_character(line);
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "…";
  }

  /// Bytes of what fits, to the end of a word where that is one at least, of a character at least.
  size_t beginning(const std::string& text) const {
    size_t words = 0;
    for (size_t space = text.find(' '); space != std::string::npos && fits(text.substr(0, space));
         space = text.find(' ', space + 1))
      words = space;
    if (words > 0) return words;
    std::string part = text.substr(0, text.find(' '));
    std::string one = part;
    while (!part.empty() && !fits(part)) {
      one = part;
      drop_last_character(part);
    }
    return part.empty() ? one.size() : part.size();
  }

  CairoPainter& painter_;
  double most_;
};

std::vector<std::string> lines_of(std::string_view text, int width) {
  CairoPainter painter(width, kCaptionHeight, 1);
  return Lines(painter, width).of(one_line(text));
}

}  // namespace

std::vector<uint8_t> caption(std::string_view text, int width, int lines) {
  const std::vector<std::string> all = lines_of(text, width);
  CairoPainter painter(width, kCaptionHeight * std::max<int>(lines, static_cast<int>(all.size())), 1);
  for (size_t i = 0; i < all.size(); ++i)
    painter.text({width / 2.0, static_cast<double>(i) * kCaptionHeight + kBaseline}, all[i], kSize, Anchor::middle,
                 {{0, 0, 0}}, false, false);
  return painter.rgb();
}

int caption_lines(std::string_view text, int width) { return static_cast<int>(lines_of(text, width).size()); }

}  // namespace roulade::plot
