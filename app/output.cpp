// SPDX-License-Identifier: Apache-2.0
#include "app/output.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

namespace roulade::app {
namespace {

using Json = nlohmann::ordered_json;

// Three digits, or four; whole numbers up to ten million stay whole.
std::string number_text(double x, int digits) {
  if (!std::isfinite(x)) return "-";
  if (std::abs(x) >= std::pow(10, digits) && std::abs(x) < 1e7) return fmt::format("{:.0f}", x);
  return fmt::format("{:.{}g}", x, digits);
}

struct CellText {
  int digits;

  std::string operator()(std::monostate) const { return "-"; }
  std::string operator()(bool x) const { return x ? "yes" : "no"; }
  std::string operator()(int64_t x) const { return fmt::format("{}", x); }
  std::string operator()(double x) const { return number_text(x, digits); }
  std::string operator()(const std::string& x) const { return x; }
  std::string operator()(const std::vector<int64_t>& x) const { return fmt::format("[{}]", fmt::join(x, ", ")); }
};

struct CellJson {
  Json operator()(std::monostate) const { return nullptr; }
  template <class T>
  Json operator()(const T& x) const {
    return x;
  }
};

std::string text_of(const Cell& cell, int digits) { return std::visit(CellText{digits}, cell); }

std::string spaced(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

bool is_number(const Cell& cell) {
  return std::holds_alternative<int64_t>(cell) || std::holds_alternative<double>(cell);
}

// Columns that hold at least one number, and else only gaps, stand at the right.
bool is_right(const Sheet& sheet, size_t column) {
  bool number = false;
  for (const auto& row : sheet.rows) {
    number = number || is_number(row[column]);
    if (!is_number(row[column]) && !std::holds_alternative<std::monostate>(row[column])) return false;
  }
  return number;
}

// UTF-8: bytes that begin a character.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string pad(const std::string& text, size_t width, bool right) {
  const std::string space(width > width_of(text) ? width - width_of(text) : 0, ' ');
  return right ? space + text : text + space;
}

std::string trimmed(const std::string& line) { return line.substr(0, line.find_last_not_of(' ') + 1) + "\n"; }

// Breaks a text at blanks into lines of at most `width` characters, if any blank serves.
std::vector<std::string> wrap(const std::string& text, size_t width) {
  std::vector<std::string> lines(1);
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!lines.back().empty() && width_of(lines.back()) + 1 + width_of(word) > width) lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
    at = end + 1;
  }
  return lines;
}

// A line for each row; a last column that leaves the terminal is wrapped, or put below its row where little room is
// left.
std::string lines_of(const std::vector<std::vector<std::string>>& cells, const std::vector<bool>& right, int width) {
  constexpr size_t kIndent = 4, kLeastRoom = 34;
  std::vector<size_t> widths(right.size(), 0);
  for (const auto& row : cells)
    for (size_t j = 0; j < row.size(); ++j) widths[j] = std::max(widths[j], width_of(row[j]));
  size_t before_last = 0;
  for (size_t j = 0; j + 1 < widths.size(); ++j) before_last += widths[j] + 2;
  const size_t full = width > 0 ? static_cast<size_t>(width) : std::string::npos / 2;
  const bool fits = before_last + widths.back() <= full;
  const bool below = !fits && before_last + kLeastRoom > full;
  const size_t indent = below ? kIndent : before_last;
  std::string out;
  for (const auto& row : cells) {
    std::string line;
    for (size_t j = 0; j + 1 < row.size(); ++j) line += pad(row[j], widths[j], right[j]) + "  ";
    const auto parts = fits ? std::vector{pad(row.back(), widths.back(), right.back())}
                            : wrap(row.back(), full > indent ? full - indent : full);
    if (below) {
      out += trimmed(line);
      line = std::string(indent, ' ');
    }
    for (const std::string& part : parts) {
      out += trimmed(line + part);
      line = std::string(indent, ' ');
    }
  }
  return out;
}

std::string facts_text(const std::vector<Fact>& facts, int width) {
  std::vector<std::vector<std::string>> cells;
  for (const Fact& fact : facts)
    cells.push_back({spaced(fact.name), text_of(fact.value, 4) + (fact.unit.empty() ? "" : " " + fact.unit)});
  return lines_of(cells, {false, false}, width);
}

std::string sheet_text(const Sheet& sheet, int width) {
  std::vector<std::vector<std::string>> cells(1);
  std::vector<bool> right;
  for (size_t j = 0; j < sheet.columns.size(); ++j) {
    cells.front().push_back(spaced(sheet.columns[j]));
    right.push_back(is_right(sheet, j));
  }
  for (const auto& row : sheet.rows) {
    cells.emplace_back();
    for (const Cell& cell : row) cells.back().push_back(text_of(cell, 3));
  }
  return lines_of(cells, right, width);
}

}  // namespace

std::string to_text(const Description& description, int width) {
  std::string out = facts_text(description.facts, width);
  for (const Sheet& sheet : description.sheets)
    if (!sheet.rows.empty()) out += (out.empty() ? "" : "\n") + sheet_text(sheet, width);
  return out;
}

std::string to_json(const Description& description) {
  Json json = Json::object();
  for (const Fact& fact : description.facts)
    json[fact.name + (fact.unit.empty() ? "" : "_" + fact.unit)] = std::visit(CellJson(), fact.value);
  for (const Sheet& sheet : description.sheets) {
    Json rows = Json::array();
    for (const auto& row : sheet.rows) {
      Json object;
      for (size_t j = 0; j < row.size(); ++j) object[sheet.columns[j]] = std::visit(CellJson(), row[j]);
      rows.push_back(std::move(object));
    }
    json[sheet.name] = std::move(rows);
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

TerminalSize terminal_size(int descriptor) {
  winsize size{};
  if (isatty(descriptor) == 0 || ioctl(descriptor, TIOCGWINSZ, &size) != 0) return {};
  return {size.ws_col, size.ws_row};
}

void print(const Description& description, bool json) {
  std::cout << (json ? to_json(description) : to_text(description, terminal_size(STDOUT_FILENO).columns));
}

}  // namespace roulade::app
