// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/prompt_weights.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr auto kWhere = "prompt";
constexpr double kMore = 1.1, kLess = 1 / 1.1;
constexpr std::string_view kBreak = "BREAK", kSpecial = "\\()[]:", kBlanks = " \t\n\r\f\v";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & '\x80') != 0;
}

/// Whether all of it but blanks around is a number; the web UI's take an exponent, too.
bool is_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || !(is_digit(text.front()) || text.front() == '.')) return false;
  double value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error != std::errc::invalid_argument && at == text.data() + text.size();
}

/// Refuses what the web UI computes by steps, for which there is no text: [a:0.5], [a:b:0.5], [a|b]. What is no whole
/// bracket is text there, too.
void check_still(std::string_view prompt) {
  struct Open {
    size_t at;            ///< of the bracket
    size_t colon = 0;     ///< behind the last colon in this bracket itself; 0 = none
    bool parted = false;  ///< by a bar
  };
  std::vector<Open> open;
  for (size_t i = 0; i < prompt.size(); ++i) {
    const char c = prompt[i];
    if (c == '\\') {
      ++i;
    } else if (c == '(' || c == '[') {
      open.push_back({i});
    } else if (open.empty()) {
      continue;
    } else if (c == ':') {
      open.back().colon = i + 1;
    } else if (c == '|') {
      open.back().parted = true;
    } else if (c == ')' || c == ']') {
      const Open last = open.back();
      open.pop_back();
      if ((prompt[last.at] == '(') != (c == ')')) {
        open.clear();
      } else if (c == ']') {
        const std::string_view found = prompt.substr(last.at, i + 1 - last.at);
        const char* const expected = "the same text at every step (as text its bracket is \\[)";
        if (last.parted) fail(Code::usage, kWhere, "alternation, [a|b]", expected, found);
        if (last.colon > 0 && is_number(prompt.substr(last.colon, i - last.colon)))
          fail(Code::usage, kWhere, "prompt editing, [from:to:when]", expected, found);
      }
    }
  }
}

/// The parts so far, and where brackets that are still open began.
class Parser {
 public:
  explicit Parser(std::string_view prompt) : rest_(prompt) {}

  std::vector<PromptPart> parse() {
    while (!rest_.empty()) next();
    for (const size_t from : round_) multiply(from, kMore);
    for (const size_t from : square_) multiply(from, kLess);
    return merged();
  }

 private:
  void next() {
    const char c = rest_.front();
    if (c == '\\') {
      const bool escapes = rest_.size() > 1 && kSpecial.find(rest_[1]) < kSpecial.size() - 1;  // all but the colon
      parts_.push_back({std::string(rest_.substr(1, escapes ? 1 : 0))});
      rest_.remove_prefix(escapes ? 2 : 1);
    } else if (c == '(' || c == '[') {
      (c == '(' ? round_ : square_).push_back(parts_.size());
      rest_.remove_prefix(1);
    } else if (c == ')' && !round_.empty()) {
      close(round_, kMore, 1);
    } else if (c == ']' && !square_.empty()) {
      close(square_, kLess, 1);
    } else if (c == ':' && weight_here()) {
      const std::string_view found = rest_.substr(0, *weight_here());
      if (round_.empty()) {
        plain(found.size());
      } else {
        close(round_, number(found), found.size());
      }
    } else if (kSpecial.find(c) != std::string_view::npos) {
      plain(1);
    } else {
      words(rest_.substr(0, rest_.find_first_of(kSpecial)));
    }
  }

  /// Length of ":1.3)" at the front, blanks around the number included; none where something else stands there.
  std::optional<size_t> weight_here() const {
    size_t at = std::min(rest_.find_first_not_of(kBlanks, 1), rest_.size());
    if (at < rest_.size() && (rest_[at] == '+' || rest_[at] == '-')) ++at;
    const size_t first = at;
    while (at < rest_.size() && (is_digit(rest_[at]) || rest_[at] == '.')) ++at;
    if (at == first) return std::nullopt;
    at = rest_.find_first_not_of(kBlanks, at);
    if (at == std::string_view::npos || rest_[at] != ')') return std::nullopt;
    return at + 1;
  }

  static double number(std::string_view found) {
    std::string_view digits = found.substr(1, found.size() - 2);
    digits.remove_prefix(digits.find_first_not_of(kBlanks));
    digits = digits.substr(0, digits.find_last_not_of(kBlanks) + 1);
    const std::string_view unsigned_digits = digits.front() == '+' ? digits.substr(1) : digits;
    double value = 0;
    const char* end = unsigned_digits.data() + unsigned_digits.size();
    const auto [at, error] = std::from_chars(unsigned_digits.data(), end, value);
    if (error != std::errc() || at != end) fail(Code::usage, kWhere, "weight", "a number", digits);
    return value;
  }

  void plain(size_t length) {
    parts_.push_back({std::string(rest_.substr(0, length))});
    rest_.remove_prefix(length);
  }

  void close(std::vector<size_t>& open, double factor, size_t length) {
    multiply(open.back(), factor);
    open.pop_back();
    rest_.remove_prefix(length);
  }

  void multiply(size_t from, double factor) {
    for (size_t i = from; i < parts_.size(); ++i) parts_[i].weight *= factor;
  }

  void words(std::string_view text) {
    rest_.remove_prefix(text.size());
    size_t begin = 0, at = 0;
    while ((at = text.find(kBreak, at)) != std::string_view::npos) {
      const size_t end = at + kBreak.size();
      if ((at > 0 && is_letter(text[at - 1])) || (end < text.size() && is_letter(text[end]))) {
        at = end;
        continue;
      }
      const std::string_view before = text.substr(begin, at - begin);
      parts_.push_back({std::string(before.substr(0, before.find_last_not_of(kBlanks) + 1))});
      parts_.push_back({"", 1, true});
      begin = at = std::min(text.find_first_not_of(kBlanks, end), text.size());
    }
    parts_.push_back({std::string(text.substr(begin))});
  }

  std::vector<PromptPart> merged() const {
    std::vector<PromptPart> out;
    for (const PromptPart& part : parts_) {
      if (!out.empty() && !out.back().breaks && !part.breaks && out.back().weight == part.weight)
        out.back().text += part.text;
      else
        out.push_back(part);
      if (part.breaks) out.back().weight = 1;
    }
    if (out.empty()) out.emplace_back();
    return out;
  }

  std::string_view rest_;
  std::vector<PromptPart> parts_;
  std::vector<size_t> round_, square_;
};

}  // namespace

std::vector<PromptPart> parse_prompt(const std::string& prompt) {
  check_still(prompt);
  return Parser(prompt).parse();
}

}  // namespace roulade
