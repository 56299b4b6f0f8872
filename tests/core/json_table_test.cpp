// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/json_table.hpp"

#include "roulade/core/error.hpp"

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using Reader = std::function<JsonTable(const std::string&, const std::string&)>;

/// What a refused text is told; it must be Error(input).
std::string refusal(const Reader& read, const std::string& text) {
  try {
    read(text, "file.json");
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::input) << text;
    return e.what();
  }
  ADD_FAILURE() << "no error: " << text;
  return "";
}

double number(const JsonTable& table, const std::string& key) {
  const auto given = table.values.find(key);
  const double* value = given == table.values.end() ? nullptr : std::get_if<double>(&given->second.value);
  return value == nullptr ? std::nan("") : *value;
}

TEST(JsonTable, HoldsWhatAnObjectSays) {
  for (const Reader& read : {Reader(parse_json_table), Reader(parse_python_json_table)}) {
    const JsonTable table = read(
        R"({"flag": true, "whole": 3, "half": 0.5, "text": "a\"b\\", "list": [1, 2.5], "none": [], "words": ["x"],
            "flags": [true, false], "null": null, "object": {"a": 1}, "mixed": [1, "x"]})",
        "file.json");
    EXPECT_EQ(table.values.at("flag").value, Value(true));
    EXPECT_EQ(table.values.at("whole").value, Value(int64_t{3}));
    EXPECT_EQ(table.values.at("half").value, Value(0.5));
    EXPECT_EQ(table.values.at("text").value, Value(std::string("a\"b\\")));
    EXPECT_EQ(table.values.at("list").value, Value(std::vector<double>{1, 2.5}));
    EXPECT_EQ(table.values.at("none").value, Value(std::vector<double>{}));
    EXPECT_EQ(table.values.at("words").value, Value(std::vector<std::string>{"x"}));
    EXPECT_EQ(table.values.at("flags").value, Value(std::vector<double>{1, 0}));
    EXPECT_EQ(table.values.at("flag").origin, "file.json");
    EXPECT_EQ(table.nulls, std::vector<std::string>{"null"});
    EXPECT_EQ(table.others, (std::vector<std::string>{"mixed", "object"}));
    EXPECT_NE(refusal(read, "[1]").find("file.json"), std::string::npos);
    EXPECT_NE(refusal(read, "{").find("file.json"), std::string::npos);
  }
}

TEST(JsonTable, InfinitiesAreReadAsPythonWritesThem) {
  const std::string text = R"({"low": -Infinity, "high":Infinity, "list": [0.5, Infinity], "after": 2.0})";
  const JsonTable table = parse_python_json_table(text, "file.json");
  EXPECT_EQ(number(table, "low"), -INFINITY);
  EXPECT_EQ(number(table, "high"), INFINITY);
  EXPECT_EQ(number(table, "after"), 2);
  EXPECT_EQ(table.values.at("list").value, Value(std::vector<double>{0.5, INFINITY}));
  EXPECT_EQ(table.values.at("low").origin, "file.json");
  refusal(parse_json_table, text);  // all other JSON is read as it was
  refusal(parse_json_table, R"({"low": -Infinity})");
}

TEST(JsonTable, SuchWordsInTextsAreText) {
  const JsonTable table = parse_python_json_table(
      R"({"Infinity": "-Infinity", "quote": "\", NaN, \\", "NaN": 1, "after": -Infinity, "list": ["Infinity"]})", "x");
  EXPECT_EQ(table.values.at("Infinity").value, Value(std::string("-Infinity")));
  EXPECT_EQ(table.values.at("quote").value, Value(std::string("\", NaN, \\")));
  EXPECT_EQ(table.values.at("NaN").value, Value(int64_t{1}));
  EXPECT_EQ(table.values.at("list").value, Value(std::vector<std::string>{"Infinity"}));
  EXPECT_EQ(number(table, "after"), -INFINITY);
}

TEST(JsonTable, WhatIsNoNumberIsRefused) {
  for (const char* text : {R"({"low": NaN})", R"({"low": [1, NaN]})"}) {
    const std::string said = refusal(parse_python_json_table, text);
    EXPECT_NE(said.find("[file.json] low"), std::string::npos) << said;
    EXPECT_NE(said.find("NaN"), std::string::npos) << said;
  }
  for (const char* value : {"--Infinity", "1Infinity", "+Infinity", "Infinity1", "infinity", "- Infinity", "\"NaN"})
    refusal(parse_python_json_table, std::string("{\"low\": ") + value + "}");
  for (const char* text : {"{Infinity: 1}", "{NaN : 1}", "Infinity", "{\"low\": \"Infinity\\"})
    refusal(parse_python_json_table, text);
}

}  // namespace
}  // namespace roulade
