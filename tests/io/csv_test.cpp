// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/csv.hpp"

#include "tests/io/scratch.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using Texts = std::vector<std::string>;
using Rows = std::vector<Texts>;

Rows rows_of(CsvReader& reader) {
  Rows rows;
  while (reader.next()) {
    rows.emplace_back();
    for (size_t j = 0; j < reader.columns().size(); ++j) rows.back().push_back(reader.field(j));
  }
  return rows;
}

void expect_csv(const std::string& content, const Texts& columns, const Rows& rows, const CsvOptions& options = {}) {
  CsvReader reader(content, "f.csv", options);
  EXPECT_EQ(reader.columns(), columns) << content;
  EXPECT_EQ(rows_of(reader), rows) << content;
  const int64_t end = reader.line();
  reader.rewind();
  EXPECT_EQ(rows_of(reader), rows) << "again: " << content;
  EXPECT_EQ(reader.line(), end) << content;
  EXPECT_EQ(reader.columns(), columns) << content;
}

void expect_refused(const std::string& content, const Texts& parts, const CsvOptions& options = {}) {
  expect_error(Code::input, parts, [&] {
    CsvReader reader(content, "f.csv", options);
    while (reader.next())
      for (size_t j = 0; j < reader.columns().size(); ++j) reader.number(j);
  });
}

TEST(Csv, QuotesAndLineEnds) {
  expect_csv("a,b\n1,2\n3,4\n", {"a", "b"}, {{"1", "2"}, {"3", "4"}});
  expect_csv("a,b\r\n1,2\r\n", {"a", "b"}, {{"1", "2"}});
  expect_csv("a,b\r1,2\r3,4", {"a", "b"}, {{"1", "2"}, {"3", "4"}});
  expect_csv(
      "\xEF\xBB\xBF"
      "a\n1\n",
      {"a"}, {{"1"}});
  expect_csv("\"a,\"\"x\"\"\",\"b\nc\"\n\"1\",\n", {"a,\"x\"", "b\nc"}, {{"1", ""}});
  expect_csv("a,b\n1,2\n\n\n", {"a", "b"}, {{"1", "2"}});
}

TEST(Csv, HeaderIsALineWithoutNumbers) {
  expect_csv("1,2\n3,4\n", {"c0", "c1"}, {{"1", "2"}, {"3", "4"}});
  expect_csv("5.1,red\n4,blue\n", {"c0", "c1"}, {{"5.1", "red"}, {"4", "blue"}});
  expect_csv(",x\n0,4\n", {"", "x"}, {{"0", "4"}});
  expect_csv("\"2023\",\"2024\"\n1,2\n", {"2023", "2024"}, {{"1", "2"}});
  expect_csv("2023,2024\n1,2\n", {"2023", "2024"}, {{"1", "2"}}, {'\0', CsvOptions::Header::present});
  expect_csv("a\nb\n", {"c0"}, {{"a"}, {"b"}}, {'\0', CsvOptions::Header::absent});
}

TEST(Csv, DelimiterIsFound) {
  expect_csv("a;b\n1;2\n", {"a", "b"}, {{"1", "2"}});
  expect_csv("a\tb\n1\t2\n", {"a", "b"}, {{"1", "2"}});
  expect_csv("\"a;x\",b\n1,2\n", {"a;x", "b"}, {{"1", "2"}});
  expect_csv("1,2;3\n", {"c0", "c1"}, {{"1", "2;3"}}, {',', CsvOptions::Header::detect});
}

TEST(Csv, Numbers) {
  const auto number = [](const std::string& text) {
    double x = std::nan("");
    EXPECT_TRUE(parse_number(text, x)) << text;
    return x;
  };
  EXPECT_EQ(number("1"), 1);
  EXPECT_EQ(number(" +1.5e3\t"), 1500);
  EXPECT_EQ(number("-.5"), -0.5);
  EXPECT_EQ(number("0.1"), 0.1);
  EXPECT_EQ(number("1e-400"), 0);
  EXPECT_EQ(number("4.9e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_TRUE(std::isinf(number("1e400")));
  for (const std::string bad : {"", " ", "x", "1x", "1 2", "0x10", "1,5", "--1", "+-1", "e5", "1e"}) {
    double x = 0;
    EXPECT_FALSE(parse_number(bad, x)) << bad;
  }
}

TEST(Csv, EveryFaultNamesFileAndLine) {
  expect_refused("", {"f.csv:1", "empty file"});
  expect_refused("\n\r\n", {"f.csv:1", "empty file"});
  expect_refused("\xEF\xBB\xBF\n", {"f.csv:1", "empty file"});
  expect_refused(std::string("a\0b\n", 4), {"f.csv", "zero byte"});
  expect_refused(
      "Gr\xF6\xDF"
      "e,b\n1,2\n",
      {"f.csv:1", "not UTF-8"});
  expect_refused("a,label\n1,x\n2,\xFC\n", {"f.csv:3", "not UTF-8"});
  expect_refused("a,b\n1,2\n3\n", {"f.csv:3", "number of fields", "expected 2, got 1"});
  expect_refused("a,b\n1,2,3\n", {"f.csv:2", "expected 2, got 3"});
  expect_refused("a,b\n1,2\n3,4x\n", {"f.csv:3", "column 'b'", "a number", "'4x'"});
  expect_refused("a,b\n1,\n", {"f.csv:2", "column 'b'", "''"});
  expect_refused("a,b\n\"x\ny\",2\n", {"f.csv:2", "column 'a'"});
  expect_refused("a,b\n\"1\",2\n\"\n1\",z\n", {"f.csv:3"});
  for (const std::string bad : {"nan", "NaN", "inf", "-Infinity", "1e999"})
    expect_refused("a\n1\n" + bad + "\n", {"f.csv:3", "a finite number", "'" + bad + "'"});
  expect_refused("a,b\n1,2\n\n3,4\n", {"f.csv:3", "empty line"});
  expect_refused("a,b\n1,2\n3,\"4\n5,6\n", {"f.csv:3", "quote is not closed"});
  expect_refused("a,b\n1,\"2\"3\n", {"f.csv:2", "text after a closing quote"});
  expect_refused("a;b\n1,5;2\n", {"f.csv:2", "'1,5'"});
  expect_error(Code::io, {"/nowhere.csv", "No such file"}, [] { CsvReader("/nowhere.csv"); });
}

TEST(Csv, LineNumbersCountBreaksWithinQuotes) {
  expect_refused("a,b\r\n\"1\r\n\",2\r\n3,x\r\n", {"f.csv:2"});
  CsvReader reader("a,b\n\"p\nq\",2\n3,4\n", "f.csv");
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line(), 2);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line(), 4);
}

TEST(Csv, WrittenNumbersReadBackExactly) {
  const Scratch s;
  std::vector<double> values{0.1, 1.0 / 3, 1e300, -5e-324, 0, 123456789, std::nextafter(1.0, 2.0), -0.0};
  write_csv(s / "d.csv", {"a", "b"}, values);
  const CsvTable back = read_csv(s / "d.csv");
  EXPECT_EQ(back.columns, (Texts{"a", "b"}));
  EXPECT_EQ(back.rows, 4);
  EXPECT_EQ(back.values, values);
  EXPECT_TRUE(std::signbit(back.values[7]));

  const std::vector<float> floats{0.1f, 2.5f};
  write_csv(s / "f.csv", {"2024", "", "label"}, floats, {"a,\"b\""});
  EXPECT_EQ(slurp(s / "f.csv"), "\"2024\",\"\",label\n0.1,2.5,\"a,\"\"b\"\"\"\n");
  CsvReader reader(s / "f.csv");
  EXPECT_TRUE(reader.has_header());
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.field(2), "a,\"b\"");
}

TEST(Csv, WriterRefusesSizesThatDoNotFit) {
  const Scratch s;
  const std::vector<double> three{1, 2, 3};
  expect_error(Code::usage, {"a multiple of 2 columns"}, [&] { write_csv(s / "x", {"a", "b"}, three); });
  expect_error(Code::usage, {"expected 3, got 1"}, [&] { write_csv(s / "x", {"a", "b"}, three, {"t"}); });
  EXPECT_FALSE(std::filesystem::exists(s / "x"));
}

}  // namespace
}  // namespace roulade
