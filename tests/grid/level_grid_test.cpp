// SPDX-License-Identifier: Apache-2.0
// What the grids of noise levels refuse, and what ties them to each other.
#include "roulade/grid/grid.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

std::unique_ptr<const Schedule> schedule_of(const std::string& name, const Table& options = {}) {
  return schedule::registry().make(name, options);
}

std::vector<double> times(const std::string& name, const Schedule& schedule, int64_t n, const Table& options = {}) {
  return grid::registry().make(name, options)->times(schedule, n);
}

/// The message of the Error(usage) that `call` must throw.
template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::usage);
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

void expect_near(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t j = 0; j < a.size(); ++j) EXPECT_NEAR(a[j], b[j], 1e-12) << j;
}

TEST(LevelGrid, EndsOfOnesOwnAreKept) {
  const auto s = schedule_of("scaled_linear");
  for (const char* name : {"karras", "exponential", "polyexponential", "kl_optimal"}) {
    SCOPED_TRACE(name);
    const auto got = times(name, *s, 6, {{"sigma_min", 0.1}, {"sigma_max", 10.0}});
    EXPECT_NEAR(s->sigma(got[0]) / s->alpha(got[0]), 10, 1e-11);
    EXPECT_NEAR(s->sigma(got[5]) / s->alpha(got[5]), 0.1, 1e-13);
    EXPECT_NE(refusal([&] { times(name, *s, 6, {{"sigma_max", 20.0}}); }).find("at most 14.6"), std::string::npos);
    refusal([&] { times(name, *s, 6, {{"sigma_min", 2.0}, {"sigma_max", 1.0}}); });
    EXPECT_EQ(times(name, *s, 1), (std::vector<double>{1, 0}));
  }
}

TEST(LevelGrid, ExponentialAndItsRelativesAgree) {
  for (const char* name : {"scaled_linear", "edm", "flow", "vp"}) {
    SCOPED_TRACE(name);
    const auto s = schedule_of(name);
    expect_near(times("exponential", *s, 8), times("log_snr", *s, 8));
    expect_near(times("exponential", *s, 8), times("polyexponential", *s, 8, {{"rho", 1.0}}));
  }
}

TEST(LevelGrid, SimpleRoundsUpWhereTrailingRounds) {
  const auto s = schedule_of("scaled_linear");
  for (int64_t n = 1; n <= 1000; ++n) {
    const auto simple = times("simple", *s, n), trailing = times("trailing", *s, n);
    for (size_t j = 0; j < simple.size(); ++j) {
      const double more = 1000 * (simple[j] - trailing[j]);
      EXPECT_TRUE(more > -1e-9 && more < 1 + 1e-9) << n << ", " << j;
    }
    if (1000 % n == 0) expect_near(simple, trailing);
  }
  expect_near(times("simple", *schedule_of("flow"), 5), times("trailing", *schedule_of("flow"), 5));
}

TEST(LevelGrid, BetaRefusesTwoStepsOnOneState) {
  const auto s = schedule_of("scaled_linear");
  EXPECT_EQ(times("beta", *s, 20).size(), 21u);
  const std::string said = refusal([&] { times("beta", *s, 200); });
  EXPECT_NE(said.find("so few that no two of them fall on one state"), std::string::npos) << said;
  EXPECT_NE(said.find("state 1000 of 1000"), std::string::npos) << said;
  refusal([] { grid::registry().make("beta", {{"sigma_max", 10.0}}); });
}

/// Beta(1, 1) is uniform.
TEST(LevelGrid, BetaOfOneAndOneIsEven) {
  const auto s = schedule_of("vp");
  expect_near(times("beta", *s, 7, {{"alpha", 1.0}, {"beta", 1.0}}), times("sgm_uniform", *s, 7));
}

TEST(LevelGrid, AlignYourStepsNeedsTheLevelsOfItsTable) {
  const auto s = schedule_of("scaled_linear");
  EXPECT_EQ(times("align_your_steps", *s, 10)[0], 1) << "14.615 is the schedule's 14.6146";
  EXPECT_NE(refusal([&] { times("align_your_steps", *s, 10, {{"table", "svd"}}); }).find("14.6"), std::string::npos);
  EXPECT_NE(refusal([&] {
              times("align_your_steps", *s, 10, {{"table", "deepfloyd"}});
            }).find("160.41"),
            std::string::npos);
  // its last step, from 0.058, is below what forty states hold
  EXPECT_NE(refusal([&] {
              times("align_your_steps", *schedule_of("edm", {{"sigma_min", 0.1}}), 20);
            }).find("start of the last step"),
            std::string::npos);
}

TEST(LevelGrid, LinearQuadraticRefusesWhatDoesNotFall) {
  const auto s = schedule_of("flow");
  EXPECT_EQ(times("linear_quadratic", *s, 1), (std::vector<double>{1, 0}));
  refusal([&] { times("linear_quadratic", *s, 10, {{"threshold", 0.95}}); });  // the parabola passes 1
  EXPECT_NE(refusal([&] {
              times("linear_quadratic", *s, 10, {{"linear_steps", 10}});
            }).find("below 10 steps"),
            std::string::npos);
  refusal([] { grid::registry().make("linear_quadratic", {{"threshold", 1.0}}); });
  EXPECT_NE(refusal([&] { times("linear_quadratic", *s, 10000); }).find("t_min"), std::string::npos);
}

TEST(LevelGrid, LinearQuadraticIsInTheSchedulesOwnNoise) {
  const auto flow = schedule_of("flow"), shifted = schedule_of("flow", {{"shift", 3.0}});
  const auto a = times("linear_quadratic", *flow, 8), b = times("linear_quadratic", *shifted, 8);
  for (size_t j = 0; j < 8; ++j) EXPECT_NEAR(flow->sigma(a[j]), shifted->sigma(b[j]), 1e-13);
}

TEST(LevelGrid, ShiftsOfAFlowMultiply) {
  const auto plain = schedule_of("flow"), shifted = schedule_of("flow", {{"shift", 2.0}});
  const auto a = times("flow_shift", *plain, 9, {{"shift", 6.0}}), b = times("flow_shift", *shifted, 9);
  for (size_t j = 0; j < 9; ++j) EXPECT_NEAR(plain->sigma(a[j]), shifted->sigma(b[j]), 1e-14);
  expect_near(times("flow_shift", *plain, 9, {{"shift", 1.0}}), times("uniform", *plain, 9));
}

TEST(LevelGrid, FlowShiftRefusesWhatHasNoMeaning) {
  const auto s = schedule_of("flow");
  refusal([] { grid::registry().make("flow_shift", {{"terminal", 1.0}}); });
  refusal([] { grid::registry().make("flow_shift", {{"tokens", 512}, {"base_tokens", 4096}}); });
  refusal([] {
    grid::registry().make("flow_shift", {{"tokens", 512}, {"rule", "linear"}, {"max_shift", 0.0}, {"base_shift", 0.0}});
  });
  const std::string said = refusal([&] { times("flow_shift", *s, 500, {{"shift", 0.1}}); });
  EXPECT_NE(said.find("t_min"), std::string::npos) << said;
}

TEST(LevelGrid, UnroundedSpacingsLieBetweenStates) {
  const auto s = schedule_of("scaled_linear");
  const auto got = times("uniform", *s, 4, {{"rounded", false}});
  expect_near(got, {1, 0.667, 0.334, 0.001, 0});
  expect_near(times("uniform", *s, 5, {{"rounded", false}}), {1, 0.75025, 0.5005, 0.25075, 0.001, 0});
  expect_near(times("sgm_uniform", *s, 4), {1, 0.75025, 0.5005, 0.25075, 0});
  EXPECT_EQ(times("uniform", *s, 1, {{"rounded", false}}), (std::vector<double>{1, 0}));
}

}  // namespace
}  // namespace roulade
