// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

struct CsvOptions {
  char delimiter = '\0';  ///< ',', ';' or tab; 0 = a tab or ';' where the first line has one, else ','
  enum class Header { detect, present, absent } header = Header::detect;  ///< detect: a first line without any number
};

/// Reads comma-separated values row by row (RFC 4180: quotes, doubled quotes, line breaks within quotes; LF, CR LF or
/// CR; a UTF-8 byte order mark is skipped). Every fault is an Error(input) with file and line.
class CsvReader {
 public:
  /// Reads the file. Throws Error(io) when it cannot be read, Error(input) when it is empty or not text.
  explicit CsvReader(const std::filesystem::path& path, const CsvOptions& options = {});
  CsvReader(std::string content, std::string where, const CsvOptions& options = {});

  /// Names from the header, or "c0", "c1", ... without one.
  const std::vector<std::string>& columns() const { return columns_; }
  bool has_header() const { return has_header_; }

  /// Goes to the next row; false after the last. Throws when its number of fields is not that of the first line, a
  /// quote is not closed, or the line is empty.
  bool next();
  void rewind();  ///< the next row is the first again
  const std::string& field(size_t column) const { return fields_[column]; }
  int64_t line() const { return row_line_; }  ///< line on which the row begins, from 1

  /// A field as a finite number, in Python's and C's notation. Throws on anything else, NaN and infinity included.
  double number(size_t column) const;

 private:
  bool read_row();
  void read_quoted(std::string& field);
  void start(const CsvOptions& options);
  bool end_of_line();
  std::string at_line(int64_t line) const;

  std::string content_, where_;
  size_t begin_ = 0, at_ = 0;
  int64_t line_ = 1, row_line_ = 1;
  char delimiter_ = ',';
  bool has_header_ = false, first_waits_ = false;
  std::vector<std::string> columns_, fields_;
  std::vector<bool> quoted_;
};

/// Columns of numbers with their names.
struct CsvTable {
  std::vector<std::string> columns;
  int64_t rows = 0;
  std::vector<double> values;  ///< [rows * columns], row after row
};

/// All rows of a file in which every column is numbers. Throws as CsvReader does.
CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

/// Writes a header and rows atomically; numbers as the shortest text that reads back as the same double (or float).
/// `texts`, if not empty, is one more column, the last.   columns: with the name of that column; values: [rows *
/// width]. Throws Error(usage) when the sizes do not fit, Error(io).
void write_csv(const std::filesystem::path& path, const std::vector<std::string>& columns,
               std::span<const double> values, const std::vector<std::string>& texts = {});
void write_csv(const std::filesystem::path& path, const std::vector<std::string>& columns,
               std::span<const float> values, const std::vector<std::string>& texts = {});

/// True and `x` set when the whole of `text` (outer blanks aside) is a number; NaN and infinity count as numbers.
bool parse_number(std::string_view text, double& x);

}  // namespace roulade
