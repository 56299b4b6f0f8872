// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/csv.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/lines.hpp"
#include "roulade/core/utf8.hpp"
#include "roulade/io/atomic.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace roulade {
namespace {

/// Text for an error message: short, and without control characters.
std::string shown(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 40)) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return out + (text.size() > 40 ? "...'" : "'");
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string escaped(const std::string& text, bool always = false) {
  if (!always && text.find_first_of(",;\t\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

template <class Real>
void write(const std::filesystem::path& path, const std::vector<std::string>& columns, std::span<const Real> values,
           const std::vector<std::string>& texts) {
  const size_t width = columns.size() - (texts.empty() ? 0 : 1);
  if (columns.empty() || width == 0 || values.size() % width != 0)
    fail(Code::usage, path.string(), "number of values", fmt::format("a multiple of {} columns", width),
         std::to_string(values.size()));
  const size_t rows = values.size() / width;
  if (!texts.empty() && texts.size() != rows)
    fail(Code::usage, path.string(), "texts of the last column", std::to_string(rows), std::to_string(texts.size()));
  write_file_atomically(path, [&](File& file) {
    std::string out;
    double ignored = 0;
    // Quotes tell a reader that a name such as "2024" is no number, so that the first line is known as a header.
    for (size_t j = 0; j < columns.size(); ++j)
      out += (j ? "," : "") + escaped(columns[j], columns[j].empty() || parse_number(columns[j], ignored));
    out += '\n';
    for (size_t i = 0; i < rows; ++i) {
      for (size_t j = 0; j < width; ++j) {
        char text[32];
        const auto [end, error] = std::to_chars(text, text + sizeof text, values[i * width + j]);
        if (j) out += ',';
        out.append(text, end);
      }
      if (!texts.empty()) out += ',' + escaped(texts[i]);
      out += '\n';
      if (out.size() > (size_t{1} << 20)) {
        file.write(out);
        out.clear();
      }
    }
    file.write(out);
  });
}

}  // namespace

bool parse_number(std::string_view text, double& x) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (text.empty() || end != text.data() + text.size()) return false;
  if (error == std::errc::result_out_of_range) {  // too large or too small for a double
    const size_t exponent = text.find_first_of("eE");
    const bool small = exponent != std::string_view::npos && text.substr(exponent + 1).starts_with('-');
    x = small ? 0.0 : HUGE_VAL;
    return true;
  }
  return error == std::errc();
}

CsvReader::CsvReader(const std::filesystem::path& path, const CsvOptions& options)
    : content_(read_file(path)), where_(path.string()) {
  start(options);
}

CsvReader::CsvReader(std::string content, std::string where, const CsvOptions& options)
    : content_(std::move(content)), where_(std::move(where)) {
  start(options);
}

void CsvReader::start(const CsvOptions& options) {
  if (content_.find('\0') != std::string::npos) fail(Code::input, where_, "not a text file: it has a zero byte");
  if (const size_t at = find_not_utf8(content_); at != std::string::npos)
    fail(Code::input,
         at_line(1 + std::count(content_.begin(), content_.begin() + static_cast<std::ptrdiff_t>(at), '\n')),
         "this is not UTF-8 text (iconv -f latin1 -t utf-8 may make it so)");
  begin_ = at_ = content_.size() - without_mark(content_).size();
  while (!content_.empty() && (content_.back() == '\n' || content_.back() == '\r')) content_.pop_back();
  if (at_ >= content_.size()) fail(Code::input, at_line(1), "empty file");

  delimiter_ = options.delimiter;
  if (delimiter_ == '\0') {
    delimiter_ = ',';
    bool within = false;
    for (size_t i = at_; i < content_.size() && (within || (content_[i] != '\n' && content_[i] != '\r')); ++i) {
      if (content_[i] == '"') within = !within;
      if (!within && (content_[i] == ';' || content_[i] == '\t')) delimiter_ = content_[i];
      if (delimiter_ != ',') break;
    }
  }

  read_row();
  double ignored = 0;
  has_header_ = options.header == CsvOptions::Header::present;
  if (options.header == CsvOptions::Header::detect) {
    has_header_ = true;
    for (size_t j = 0; j < fields_.size(); ++j)
      if (!quoted_[j] && parse_number(fields_[j], ignored) && std::isfinite(ignored)) has_header_ = false;
  }
  for (size_t j = 0; j < fields_.size(); ++j) columns_.push_back(has_header_ ? fields_[j] : fmt::format("c{}", j));
  first_waits_ = !has_header_;
}

void CsvReader::rewind() {
  at_ = begin_;
  line_ = 1;
  read_row();
  first_waits_ = !has_header_;
}

bool CsvReader::next() {
  if (std::exchange(first_waits_, false)) return true;
  if (!read_row()) return false;
  if (fields_.size() != columns_.size())
    fail(Code::input, at_line(row_line_), "number of fields", std::to_string(columns_.size()),
         std::to_string(fields_.size()));
  return true;
}

bool CsvReader::read_row() {
  if (at_ >= content_.size()) return false;
  row_line_ = line_;
  fields_.clear();
  quoted_.clear();
  if (content_[at_] == '\n' || content_[at_] == '\r') fail(Code::input, at_line(line_), "empty line");
  while (true) {
    std::string& field = fields_.emplace_back();
    quoted_.push_back(at_ < content_.size() && content_[at_] == '"');
    if (quoted_.back()) {
      read_quoted(field);
    } else {
      const char stops[] = {delimiter_, '\n', '\r'};
      const size_t end = std::min(content_.find_first_of({stops, 3}, at_), content_.size());
      field.assign(content_, at_, end - at_);
      at_ = end;
    }
    if (at_ < content_.size() && content_[at_] == delimiter_) {
      ++at_;
    } else if (end_of_line()) {
      return true;
    } else {
      fail(Code::input, at_line(line_), "text after a closing quote");
    }
  }
}

/// From an opening quote to behind the closing one.
void CsvReader::read_quoted(std::string& field) {
  for (++at_;; ++at_) {
    if (at_ >= content_.size()) fail(Code::input, at_line(row_line_), "quote is not closed");
    const char c = content_[at_];
    if (c == '"') {
      if (at_ + 1 >= content_.size() || content_[at_ + 1] != '"') break;
      ++at_;
    }
    if (c == '\n') ++line_;
    field += c;
  }
  ++at_;
}

bool CsvReader::end_of_line() {
  if (at_ >= content_.size()) return true;
  if (content_[at_] != '\n' && content_[at_] != '\r') return false;
  at_ += content_.compare(at_, 2, "\r\n") == 0 ? 2 : 1;
  ++line_;
  return true;
}

std::string CsvReader::at_line(int64_t line) const { return fmt::format("{}:{}", where_, line); }

double CsvReader::number(size_t column) const {
  double x = 0;
  const std::string& text = fields_[column];
  const bool parsed = parse_number(text, x);
  if (!parsed || !std::isfinite(x))
    fail(Code::input, at_line(row_line_), fmt::format("column '{}'", columns_[column]),
         parsed ? "a finite number" : "a number", shown(text));
  return x;
}

CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  CsvReader reader(path, options);
  CsvTable table{reader.columns(), 0, {}};
  for (; reader.next(); ++table.rows)
    for (size_t j = 0; j < table.columns.size(); ++j) table.values.push_back(reader.number(j));
  return table;
}

void write_csv(const std::filesystem::path& path, const std::vector<std::string>& columns,
               std::span<const double> values, const std::vector<std::string>& texts) {
  write(path, columns, values, texts);
}

void write_csv(const std::filesystem::path& path, const std::vector<std::string>& columns,
               std::span<const float> values, const std::vector<std::string>& texts) {
  write(path, columns, values, texts);
}

}  // namespace roulade
