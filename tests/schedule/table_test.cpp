// SPDX-License-Identifier: Apache-2.0
#include "roulade/schedule/schedule.hpp"

#include <cmath>
#include <cstdio>
#include <fstream>

#include <gtest/gtest.h>

namespace roulade {
namespace {

class TableTest : public testing::Test {
 protected:
  std::unique_ptr<const Schedule> read(const std::string& text, Table options = {}) const {
    std::ofstream(file_, std::ios::binary) << text;
    options["file"] = file_;
    return schedule::registry().make("table", options);
  }

  void expect_error(const std::string& text, Code code, const std::string& part) const {
    try {
      read(text);
      ADD_FAILURE() << "no error for: " << text;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }

  void TearDown() override { std::remove(file_.c_str()); }

  std::string file_ =
      testing::TempDir() + "roulade_betas_" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".csv";
};

TEST_F(TableTest, ReadsLinesAndCommas) {
  const auto want = schedule::registry().make("table", {{"betas", std::vector<double>{0.1, 0.25, 0.5}}});
  for (const char* text : {"0.1\n0.25\n0.5\n", "0.1,0.25,0.5", "beta\r\n1e-1\r\n0.25\r\n\r\n.5\r\n",
                           "# betas\n0.1, 0.25  # two\n\n\t0.5\n",
                           "\xEF\xBB\xBF"
                           "0.1\n0.25\n0.5"}) {
    const auto got = read(text);
    ASSERT_EQ(got->states(), 3) << text;
    for (int i = 0; i <= 3; ++i) EXPECT_EQ(got->alpha(i / 3.0), want->alpha(i / 3.0)) << text;
  }
  EXPECT_NEAR(want->alpha(1), std::sqrt(0.9 * 0.75 * 0.5), 1e-15);
}

TEST_F(TableTest, NamesFileAndLineOfWhatIsWrong) {
  expect_error("0.1\nx\n", Code::input, file_ + ":2");
  expect_error("0.1\n0.2,,0.3\n", Code::input, file_ + ":2");
  expect_error("0.1\n\n0.2 0.3\n", Code::input, file_ + ":3");
  expect_error("0.1\n1.5\n", Code::input, file_ + ":2");
  expect_error("0.1\n-0.5\n", Code::input, file_ + ":2");
  expect_error("0.1\nnan\n", Code::input, file_ + ":2");
  expect_error("0.1\n0.2,\n", Code::input, file_ + ":2");
  expect_error("beta\n# nothing\n", Code::input, "no betas");
  expect_error("", Code::input, "no betas");
  expect_error("0.1\n0\n0.1\n", Code::usage, "beta_2");
}

TEST_F(TableTest, CountedFromCleanDataBeginsWithZero) {
  const auto s = read("0\n0.1\n0.25\n", {{"index", "from_clean"}});
  EXPECT_EQ(s->states(), 2);
  EXPECT_EQ(s->network_time(1), 2);
  EXPECT_THROW(read("0.1\n0.25\n", {{"index", "from_clean"}}), Error);
}

TEST_F(TableTest, WantsOneSource) {
  EXPECT_THROW(schedule::registry().make("table"), Error);
  EXPECT_THROW(read("0.1\n", {{"betas", std::vector<double>{0.1}}}), Error);
  try {
    schedule::registry().make("table", {{"file", "/no/such/file"}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::io);
  }
}

}  // namespace
}  // namespace roulade
