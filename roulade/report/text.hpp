// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace roulade::plot {

/// The text as valid UTF-8: what is not, and control characters that XML forbids, become U+FFFD.
std::string clean(std::string_view text);

/// clean() for XML and HTML, text and quoted attributes alike: & < > " ' become references.
std::string escape(std::string_view text);

/// Standard base64 with padding (RFC 4648, section 4).
std::string base64(std::string_view bytes);

/// ASCII hyphens before digits become U+2212, the minus sign.
std::string with_minus(std::string_view number);

/// An integer in superscript digits: -3 -> "⁻³".
std::string superscript(int value);

/// 12345 -> "12,345".
std::string grouped(long long value);

/// The power of ten in which two numbers to be compared are written: 0 when the larger one is in [10⁻³, 10⁶).
int shared_exponent(double a, double b);

/// "0.0183 ± 0.0012", or with an exponent "(0.9 ± 0.3) × 10⁻⁴": the error with two significant digits when it
/// begins with 1, else one; the value with as many decimals. An error that is zero or not finite is left out; a value
/// of NaN is a dash, for unknown.
std::string with_error(double value, double error, int exponent = 0);

/// Estimated width of a line of text in units of its font size, for room that must be kept before anything is drawn.
double text_width(std::string_view utf8);

}  // namespace roulade::plot
