// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/options.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/registry.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace roulade {
namespace {

struct Settings {
  bool flag = false;
  int64_t count = 3;
  double rate = 0.5;
  std::string kind = "a";
  std::vector<double> list = {1, 2};
  std::vector<std::string> words;
  void bind(Binder& b) {
    b.add("flag", flag, "a flag");
    b.add("count", count, at_least(1), "a count");
    b.add("rate", rate, {0, 1, true}, "a rate");
    b.add("kind", kind, {"alpha", "a", "beta"}, "a kind");
    b.add("list", list, at_least(0), "a list");
    b.add("words", words, {}, "words");
  }
};

std::string message(const Table& table) {
  try {
    read_settings<Settings>("train", table);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::usage);
    return e.what();
  }
  return "";
}

TEST(Options, ReadsEveryType) {
  const auto s = read_settings<Settings>("train", {{"flag", true},
                                                   {"count", 7},
                                                   {"rate", 1},
                                                   {"kind", "beta"},
                                                   {"list", std::vector<double>{3}},
                                                   {"words", std::vector<std::string>{"x", "y"}}});
  EXPECT_TRUE(s.flag);
  EXPECT_EQ(s.count, 7);
  EXPECT_EQ(s.rate, 1);  // an integer where a number is asked
  EXPECT_EQ(s.kind, "beta");
  EXPECT_EQ(s.list, std::vector<double>{3});
  EXPECT_EQ(s.words, (std::vector<std::string>{"x", "y"}));
}

TEST(Options, DefaultsAreTheFields) {
  const auto s = read_settings<Settings>("train", {});
  EXPECT_EQ(s.count, 3);
  EXPECT_EQ(s.list, (std::vector<double>{1, 2}));
}

TEST(Options, RefusalsSayWhereExpectedAndGot) {
  EXPECT_EQ(message({{"count", Given(int64_t{0}, "r.toml:4")}}),
            "[r.toml:4 train.count] bad value: expected an integer >= 1, got 0");
  EXPECT_EQ(message({{"count", 1.5}}), "[train.count] bad value: expected an integer >= 1, got 1.5");
  EXPECT_EQ(message({{"rate", 0.0}}), "[train.rate] bad value: expected a number (0, 1], got 0.0");
  EXPECT_EQ(message({{"flag", 1}}), "[train.flag] bad value: expected true or false, got 1");
  EXPECT_EQ(message({{"list", std::vector<double>{1, -1}}}),
            "[train.list] bad value: expected numbers >= 0, got [1.0, -1.0]");
  EXPECT_EQ(message({{"kind", "alpa"}}), "[train] unknown kind 'alpa': did you mean 'alpha'? (known: alpha, a, beta)");
  EXPECT_EQ(
      message({{"coutn", Given(int64_t{3}, "r.toml:9")}}),
      "[r.toml:9 train] unknown key 'coutn': did you mean 'count'? (known: flag, count, rate, kind, list, words)");
}

// A number without a bound is not one without an end, but where its default is.
TEST(Options, InfiniteWhereTheDefaultIsAlone) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Table table{{"x", kInfinity}};
  Binder open("t", table), closed("t", table);
  double to = kInfinity, x = 1;
  open.add("x", to, at_least(0), "");
  EXPECT_EQ(to, kInfinity);
  try {
    closed.add("x", x, at_least(0), "");
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "[t.x] bad value: expected a finite number >= 0, got inf");
  }
}

TEST(Options, ListsWithoutATable) {
  Binder b;
  Settings().bind(b);
  ASSERT_EQ(b.infos().size(), 6u);
  EXPECT_EQ(b.infos()[1].key, "count");
  EXPECT_EQ(b.infos()[1].range, ">= 1");
  EXPECT_EQ(b.infos()[2].range, "(0, 1]");
  EXPECT_EQ(b.infos()[3].range, "alpha | a | beta");
}

TEST(Options, ResolvedHoldsWhatIsInForceAndItsOrigin) {
  const Table table = {{"count", Given(int64_t{9}, "--set")}};
  Binder b("train", table);
  Settings().bind(b);
  EXPECT_EQ(std::get<int64_t>(b.resolved().at("count").value), 9);
  EXPECT_EQ(b.resolved().at("count").origin, "--set");
  EXPECT_EQ(std::get<double>(b.resolved().at("rate").value), 0.5);
}

TEST(Options, AKeyBoundTwiceIsAFaultOfTheProgram) {
  Binder b;
  double x = 0;
  b.add("x", x, {}, "");
  EXPECT_THROW(b.add("x", x, {}, ""), Error);
}

TEST(Options, TextReadsBack) {
  EXPECT_EQ(to_text(Value(0.1)), "0.1");
  EXPECT_EQ(to_text(Value(1.0)), "1.0");
  EXPECT_EQ(to_text(Value(1e-30)), "1e-30");
  EXPECT_EQ(to_text(Value(int64_t{-3})), "-3");
  EXPECT_EQ(to_text(Value(std::string("a \"b\"\\\n"))), "\"a \\\"b\\\"\\\\\\n\"");
  EXPECT_EQ(to_text(Value(std::vector<std::string>{"a", "b"})), "[\"a\", \"b\"]");
}

TEST(Nearest, FindsTyposOnly) {
  const std::vector<std::string> known = {"swiss_roll", "moons", "circles"};
  EXPECT_EQ(nearest("swis_roll", known), "swiss_roll");
  EXPECT_EQ(nearest("mooons", known), "moons");
  EXPECT_EQ(nearest("elephant", known), "");
}

struct Product {
  int64_t count;
};
Factory<Product> entry_named(const std::string& name) {
  Factory<Product> e;
  e.name = name;
  return with_settings<Factory<Product>, Settings>(
      e, [](const Settings& s) { return std::make_unique<const Product>(Product{s.count}); });
}

TEST(RegistryTest, MakesListsAndRefuses) {
  const Registry<Factory<Product>> registry("thing", {entry_named("one"), entry_named("two")});
  EXPECT_EQ(registry.make("one", {{"count", 5}})->count, 5);
  EXPECT_EQ(registry.names(), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(registry.find("two").options().size(), 6u);
  EXPECT_THROW(registry.make("one", {{"nothing", 5}}), Error);
  EXPECT_THROW(registry.find("three"), Error);
}

}  // namespace
}  // namespace roulade
