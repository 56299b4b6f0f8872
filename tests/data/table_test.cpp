// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/points.hpp"
#include "roulade/data/table_file.hpp"
#include "roulade/io/npy.hpp"
#include "tests/io/scratch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using Texts = std::vector<std::string>;
using Numbers = std::vector<double>;
using Labels = std::vector<int64_t>;

class TableTest : public testing::Test {
 protected:
  std::unique_ptr<const PointSource> make(Table options) const {
    options.try_emplace("file", file());
    return data::registry().make("table", options);
  }

  std::string file() const { return (scratch_ / "t.csv").string(); }
  void write(const std::string& content) const { spill(file(), content); }

  TableContent read(const std::string& content, const TableLayout& layout = {}) const {
    write(content);
    return read_table(file(), layout);
  }

  void refused(const std::string& content, Texts parts, const TableLayout& layout = {}) const {
    parts.push_back(file());
    expect_error(Code::input, parts, [&] { read(content, layout); });
  }

  Scratch scratch_;
};

TEST_F(TableTest, AllNumericColumnsButTheLabel) {
  const TableContent t = read("x,name,y,kind\n1,p,2,red\n3,q,4,blue\n5,r,6,red\n", {"kind", {}, {}});
  EXPECT_EQ(t.columns, (Texts{"x", "y"}));
  EXPECT_EQ(t.points.values, (Numbers{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(t.points.labels, (Labels{0, 1, 0}));
  EXPECT_EQ(t.class_names, (Texts{"red", "blue"}));
  EXPECT_TRUE(read("x,y\n1,2\n").points.labels.empty());
}

TEST_F(TableTest, ColumnsByNameAndIndex) {
  const std::string content = "a,b,7\n1,2,3\n4,5,6\n";
  EXPECT_EQ(read(content, {"", {"7", "a"}, {',', CsvOptions::Header::present}}).points.values, (Numbers{3, 1, 6, 4}));
  EXPECT_EQ(read("1,2,3\n4,5,6\n", {"", {"2", "c0"}, {}}).points.values, (Numbers{3, 1, 6, 4}));
  EXPECT_EQ(read("1,2,3\n4,5,6\n", {"2", {}, {}}).points.values, (Numbers{1, 2, 4, 5}));
  for (const std::string bad : {"3", "-1", "1x", ""})
    expect_error(Code::usage, {"data table.columns", "unknown column '" + bad + "'"}, [&] {
      read("1,2,3\n", {"", {bad}, {}});
    });
  expect_error(Code::usage, {"data table.label", "did you mean 'kind'"}, [&] {
    read("x,kind\n1,2\n", {"kin", {}, {}});
  });
  expect_error(Code::usage, {"named twice"}, [&] { read("x,y\n1,2\n", {"", {"x", "0"}, {}}); });
}

TEST_F(TableTest, WholeNumbersAreTheirOwnClasses) {
  const TableContent t = read("x,k\n1,3\n2,0\n3,3.0\n", {"k", {}, {}});
  EXPECT_EQ(t.points.labels, (Labels{3, 0, 3}));
  EXPECT_EQ(t.class_names, (Texts{"0", "1", "2", "3"}));
  EXPECT_EQ(read("x,k\n1,-1\n2,1\n", {"k", {}, {}}).class_names, (Texts{"-1", "1"}));
  EXPECT_EQ(read("x,k\n1,3\n2,b\n", {"k", {}, {}}).class_names, (Texts{"3", "b"}));
}

TEST_F(TableTest, WordsThatReadAsNoFiniteNumberAreWords) {
  EXPECT_EQ(read("x,city\n1,Paris\n2,NaN\n3,Infinity\n").columns, (Texts{"x"}));
  EXPECT_EQ(read("inf,y\n1,2\n3,4\n").columns, (Texts{"inf", "y"}));
}

TEST_F(TableTest, EveryFaultNamesFileAndLine) {
  refused("", {":1]", "empty file"});
  refused("x,y\n", {":1]", "no rows after the header"});
  refused("a,b\nc,d\n", {"no column has numbers"});
  refused("x,y\n1,2\n3,oops\n", {":3]", "column 'y'", "a number", "'oops'"});
  refused("x,y\n1,oops\n3,4\n", {":2]", "column 'y'", "a number", "'oops'"});
  refused("x,y\n1,2\n3,\n", {":3]", "column 'y'"});
  refused("x,y\n1,2\n3,nan\n", {":3]", "column 'y'", "a finite number", "'nan'"});
  refused("x,y\n1,2\n3,inf\n", {":3]", "a finite number"});
  refused("x,y\n1,2\n3,4,5\n", {":3]", "number of fields: expected 2, got 3"});
  refused("x,y\n1,2\n3\n", {":3]", "number of fields: expected 2, got 1"});
  refused("x,name\n1,p\n2,q\n", {":2]", "column 'name'", "'p'"}, {"", {"name"}, {}});
  refused("x,k\n1,a\n2,\n", {":3]", "the class is missing"}, {"k", {}, {}});
  std::string many = "x,k\n";
  for (int i = 0; i <= 10000; ++i) many += "1,k" + std::to_string(i) + "\n";
  refused(many, {"distinct classes", "at most 10000"}, {"k", {}, {}});
  expect_error(Code::io, {"/nowhere.csv", "No such file"}, [&] { make({{"file", "/nowhere.csv"}}); });
  expect_error(Code::io, {"/nowhere.npy", "No such file"}, [&] { make({{"file", "/nowhere.npy"}}); });
  expect_error(Code::usage, {"table.file", "no file"}, [&] { make({{"file", ""}}); });
}

TEST_F(TableTest, Npy) {
  const std::string path = (scratch_ / "t.NPY").string();
  write_npy(path, {3, 3}, Numbers{1, 2, 0, 3, 4, 2, 5, 6, 0});
  const TableContent t = read_table(path, {"2", {}, {}});
  EXPECT_EQ(t.columns, (Texts{"c0", "c1"}));
  EXPECT_EQ(t.points.values, (Numbers{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(t.points.labels, (Labels{0, 2, 0}));
  EXPECT_EQ(t.class_names.size(), 3u);
  EXPECT_EQ(read_table(path, {"", {"c2", "0"}, {}}).points.values, (Numbers{0, 1, 2, 3, 0, 5}));

  const auto bad = [&](const std::vector<int64_t>& shape, const Numbers& values, const Texts& parts) {
    write_npy(path, shape, values);
    expect_error(Code::input, parts, [&] { read_table(path, {}); });
  };
  bad({2, 2}, {1, 2, 3, std::nan("")}, {path, "row 1", "column 'c1'", "a finite number"});
  bad({2}, {1, std::numeric_limits<double>::infinity()}, {"row 1", "column 'c0'"});
  bad({0, 2}, {}, {path, "not empty, got [0, 2]"});
  bad({1, 1, 2}, {1, 2}, {"got [1, 1, 2]"});
  bad({}, {1}, {"got []"});
}

TEST_F(TableTest, SplitsPartTheRows) {
  std::string content = "x\n";
  for (int i = 0; i < 200; ++i) content += std::to_string(i) + "\n";
  write(content);
  const auto source = make({{"validation", 0.2}, {"test", 0.05}});
  Numbers all;
  const int64_t expected[] = {150, 40, 10};
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    const Points p = source->draw(split, 9, 0);
    EXPECT_EQ(p.rows, expected[static_cast<int>(split)]);
    EXPECT_EQ(source->draw(split, 9, 1000).values, p.values);
    Numbers other = source->draw(split, 10, 0).values, sorted = p.values;
    EXPECT_NE(other, sorted);  // another order
    std::sort(other.begin(), other.end());
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(other, sorted);  // of the same rows
    all.insert(all.end(), p.values.begin(), p.values.end());
  }
  std::sort(all.begin(), all.end());
  for (size_t i = 0; i < 200; ++i) EXPECT_EQ(all[i], static_cast<double>(i));
  const auto moved = make({{"validation", 0.2}, {"test", 0.05}, {"split_seed", 1}});
  EXPECT_NE(moved->draw(Split::test, 9, 0).values, source->draw(Split::test, 9, 0).values);
}

TEST_F(TableTest, EmptyAndImpossibleSplits) {
  write("x\n1\n2\n");
  EXPECT_EQ(make({{"test", 0.0}})->draw(Split::test, 0, 1).rows, 0);
  EXPECT_EQ(make({{"test", 0.0}})->draw(Split::train, 0, 0).rows, 2);
  EXPECT_EQ(make({{"test", 0.0}, {"validation", 0.0}})->draw(Split::validation, 0, 0).rows, 0);
  expect_error(Code::usage, {"validation + test", "below 1"}, [&] { make({{"test", 0.5}, {"validation", 0.5}}); });
  expect_error(Code::input, {"rows", "enough"}, [&] { make({{"test", 0.4}, {"validation", 0.4}}); });
}

TEST_F(TableTest, HeaderAndDelimiterByOption) {
  write("2023;2024\n1;2\n3;4\n");
  const Table all{{"test", 0.0}, {"validation", 0.0}};
  EXPECT_EQ(make(all)->draw(Split::train, 0, 0).rows, 3);
  Table named = all;
  named["header"] = "present";
  named["delimiter"] = "semicolon";
  EXPECT_EQ(make(named)->columns(), (Texts{"2023", "2024"}));
  named["delimiter"] = "comma";
  expect_error(Code::input, {":2]", "'1;2'"}, [&] {
    named["columns"] = std::vector<std::string>{"0"};
    make(named);
  });
}

}  // namespace
}  // namespace roulade
