// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/text.hpp"

#include "roulade/core/utf8.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

namespace roulade::plot {

std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t n = utf8_sequence(text.substr(i));
    const bool control = n == 1 && static_cast<unsigned char>(text[i]) < 0x20 && text[i] != '\n' && text[i] != '\t';
    out += n == 0 || control ? "\uFFFD" : text.substr(i, n);
    i += std::max<size_t>(n, 1);
  }
  return out;
}

std::string escape(std::string_view text) {
  std::string out;
  for (char c : clean(text)) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += c;
  }
  return out;
}

std::string base64(std::string_view bytes) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out((bytes.size() + 2) / 3 * 4, '=');
  auto byte = [&](size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U; };
  for (size_t i = 0, o = 0; i < bytes.size(); i += 3, o += 4) {
    const uint32_t word = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    const size_t used = std::min<size_t>(bytes.size() - i, 3) + 1;
    for (size_t k = 0; k < used; ++k) out[o + k] = digits[word >> (18 - 6 * k) & 63];
  }
  return out;
}

std::string with_minus(std::string_view number) {
  std::string out;
  for (size_t i = 0; i < number.size(); ++i) {
    const bool before_digit = i + 1 < number.size() && number[i + 1] >= '0' && number[i + 1] <= '9';
    if (number[i] == '-' && before_digit)
      out += "\u2212";
    else
      out += number[i];
  }
  return out;
}

std::string superscript(int value) {
  static constexpr const char* digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = value < 0 ? "⁻" : "";
  for (char c : std::to_string(std::abs(value))) out += digits[c - '0'];
  return out;
}

std::string grouped(long long value) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  for (int i = static_cast<int>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<size_t>(i), ",");
  return value < 0 ? "\u2212" + digits : digits;
}

int shared_exponent(double a, double b) {
  const double size = std::max(std::isfinite(a) ? std::abs(a) : 0, std::isfinite(b) ? std::abs(b) : 0);
  return size > 0 && (size < 1e-3 || size >= 1e6) ? static_cast<int>(std::floor(std::log10(size))) : 0;
}

std::string with_error(double value, double error, int exponent) {
  if (std::isnan(value)) return "\u2013";  // unknown
  if (!std::isfinite(value)) return "not finite";
  const double unit = std::pow(10, exponent), v = value / unit, e = error / unit;
  const bool known = std::isfinite(error) && error > 0;
  std::string out;
  if (known) {
    const int place = static_cast<int>(std::floor(std::log10(e)));
    const bool two_digits = e / std::pow(10, place) < 1.95;
    const int decimals = std::clamp((two_digits ? 1 : 0) - place, 0, 8);
    out = fmt::format("{:.{}f} ± {:.{}f}", v, decimals, e, decimals);
    if (exponent != 0) out = "(" + out + ")";
  } else {
    out = fmt::format("{:.4g}", v);
  }
  return with_minus(out) + (exponent == 0 || v == 0 ? "" : " × 10" + superscript(exponent));
}

double text_width(std::string_view utf8) {
  double width = 0;
  for (char c : utf8) {
    if ((c & 0xC0) == 0x80) continue;  // the rest of a code point
    const std::string_view narrow = " .,:;'|!iljtfrI()[]/-";
    width += narrow.find(c) != std::string_view::npos       ? 0.38
             : c == 'm' || c == 'w' || c == 'M' || c == 'W' ? 0.95
                                                            : 0.64;
  }
  return width;
}

}  // namespace roulade::plot
