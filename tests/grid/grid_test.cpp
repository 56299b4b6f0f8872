// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"

#include "tests/schedule/csv.hpp"

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

double ratio(const Schedule& s, double t) { return s.sigma(t) / s.alpha(t); }

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

/// tools/golden/schedule.py: the timesteps k = i - 1 of diffusers 0.42.1's DDIMScheduler, T = 1000, steps_offset = 0.
TEST(Grid, MeetsTheTimestepsOfDiffusers) {
  const auto s = schedule_of("linear");
  const auto rows = test::golden("timesteps");
  ASSERT_EQ(rows.size(), 3 * 18u);
  for (const auto& row : rows) {
    SCOPED_TRACE(row[0] + " n = " + row[1]);
    const int64_t n = std::stoll(row[1]);
    const bool linspace = row[0] == "linspace";
    if (linspace && n == 1) continue;  // theirs is k = 0, the least noise; see UniformBeginsAtTheNoise
    const auto got = times(linspace ? "uniform" : row[0], *s, n);
    ASSERT_EQ(got.size(), static_cast<size_t>(n + 1));
    ASSERT_EQ(std::stoll(row[2]), n);
    double weighted = 0;
    for (int64_t j = 0; j < n; ++j) {
      const double k = s->network_time(got[static_cast<size_t>(j)]);
      ASSERT_EQ(k, std::nearbyint(k)) << "not a state";
      weighted += static_cast<double>(j + 1) * k;
      if (j < 20) {
        EXPECT_EQ(k, std::stod(row[static_cast<size_t>(6 + j)])) << j;
      }
    }
    EXPECT_EQ(weighted, std::stod(row[5])) << "sum of (j + 1) k_j";
  }
}

TEST(Grid, LeadingAddsItsOffset) {
  const auto s = schedule_of("scaled_linear");
  const auto got = times("leading", *s, 50, {{"steps_offset", 1}});
  EXPECT_EQ(s->network_time(got[0]), 981);  // Stable Diffusion 1.5's first of 50
  EXPECT_EQ(s->network_time(got[1]), 961);
  EXPECT_EQ(s->network_time(got[49]), 1);
  EXPECT_EQ(got[50], 0);
  refusal([&] { times("leading", *s, 1000, {{"steps_offset", 1}}); });
}

TEST(Grid, UniformBeginsAtTheNoise) {
  const auto s = schedule_of("linear");
  EXPECT_EQ(times("uniform", *s, 1), (std::vector<double>{1, 0}));
  const auto flow = schedule_of("flow");
  EXPECT_EQ(times("uniform", *flow, 4), (std::vector<double>{1, 0.75, 0.5, 0.25, 0}));
  EXPECT_EQ(times("trailing", *flow, 4), (std::vector<double>{1, 0.75, 0.5, 0.25, 0}));
  EXPECT_EQ(times("leading", *flow, 2), (std::vector<double>{0.5 + 1e-3, 1e-3, 0}));
}

/// The notebook's reverse loop: all 39 noisy states.
TEST(Grid, UniformVisitsEveryStateOfTheNotebook) {
  const auto s = schedule_of("cosine", {{"steps", 40}, {"index", "from_clean"}});
  const auto got = times("uniform", *s, 39);
  ASSERT_EQ(got.size(), 40u);
  for (size_t j = 0; j < 40; ++j) EXPECT_EQ(s->network_time(got[j]), 39 - static_cast<double>(j));
}

/// Karras et al. 2022, eq. 5, with its defaults on its own schedule.
TEST(Grid, KarrasIsEquationFive) {
  const auto s = schedule_of("edm");
  for (const double rho : {7.0, 3.0}) {
    const auto got = times("karras", *s, 18, {{"rho", rho}});
    ASSERT_EQ(got.size(), 19u);
    for (int j = 0; j < 18; ++j) {
      const double high = std::pow(80, 1 / rho), low = std::pow(0.002, 1 / rho);
      const double want = std::pow(high + j / 17.0 * (low - high), rho);
      EXPECT_NEAR(s->sigma(got[static_cast<size_t>(j)]), want, 1e-13 * want) << j;
    }
    EXPECT_EQ(got[0], 1);
    EXPECT_EQ(got[17], s->t_min());
  }
}

TEST(Grid, KarrasOnStatesKeepsTheRatio) {
  const auto s = schedule_of("scaled_linear");
  const auto got = times("karras", *s, 10, {{"sigma_min", 0.1}, {"sigma_max", 10}});
  const double high = std::pow(10, 1 / 7.0), low = std::pow(0.1, 1 / 7.0);
  for (int j = 0; j < 10; ++j) {
    const double want = std::pow(high + j / 9.0 * (low - high), 7);
    EXPECT_NEAR(ratio(*s, got[static_cast<size_t>(j)]), want, 1e-12 * want) << j;
  }
  EXPECT_NE(refusal([&] { times("karras", *s, 10, {{"sigma_max", 20}}); }).find("at most 14.6"), std::string::npos);
  refusal([&] { times("karras", *s, 10, {{"sigma_min", 2}, {"sigma_max", 1}}); });
}

TEST(Grid, LogSnrIsEvenlySpaced) {
  for (const char* name : {"linear", "vp", "edm", "flow", "cosine_continuous"}) {
    SCOPED_TRACE(name);
    const auto s = schedule_of(name);
    const auto got = times("log_snr", *s, 9);
    ASSERT_EQ(got.size(), 10u);
    EXPECT_EQ(got[8], s->t_min());
    const double stride = (s->log_snr(got[8]) - s->log_snr(got[0])) / 8;
    for (size_t j = 1; j < 9; ++j) EXPECT_NEAR(s->log_snr(got[j]) - s->log_snr(got[j - 1]), stride, 1e-10) << j;
  }
}

/// Where t = 1 holds no signal its ratio is infinite: these grids begin at the last time that has some.
TEST(Grid, RatioGridsBeginWhereThereIsSignal) {
  const auto zero = schedule_of("linear", {{"zero_terminal_snr", true}});
  const auto flow = schedule_of("flow");
  for (const char* name : {"karras", "log_snr"}) {
    EXPECT_EQ(times(name, *zero, 5)[0], 0.999) << name;
    EXPECT_EQ(times(name, *flow, 5)[0], 1 - 1e-3) << name;
    EXPECT_EQ(times(name, *schedule_of("linear"), 5)[0], 1) << name;
  }
  EXPECT_EQ(times("uniform", *zero, 5)[0], 1);
}

TEST(Grid, CustomTakesTimes) {
  const auto s = schedule_of("vp");
  const Table list{{"times", std::vector<double>{1, 0.5, 0.125}}};
  const std::vector<double> want{1, 0.5, 0.125, 0};
  EXPECT_EQ(times("custom", *s, 3, list), want);
  EXPECT_EQ(times("custom", *s, 0, list), want) << "0: the list's length";
  EXPECT_EQ(times("custom", *s, 0, {{"times", want}}), want) << "a final 0 is not doubled";
  EXPECT_NE(refusal([&] { times("custom", *s, 4, list); }).find("3, as many as the list has"), std::string::npos);
  EXPECT_NE(refusal([&] {
              times("custom", *s, 0, {{"times", std::vector<double>{1, 0.5, 0.5}}});
            }).find("time 2"),
            std::string::npos);
  refusal([&] { times("custom", *s, 0, {{"times", std::vector<double>{0.5, 0.6}}}); });
  refusal([&] { times("custom", *s, 0, {{"times", std::vector<double>{1.5}}}); });
  refusal([&] { times("custom", *s, 0, {{"times", std::vector<double>{0}}}); });
  refusal([&] { times("custom", *s, 0); });
}

TEST(Grid, CustomTakesSigmas) {
  const auto s = schedule_of("scaled_linear");
  const std::vector<double> sigmas{14, 3, 0.5};
  const auto got = times("custom", *s, 3, {{"sigmas", sigmas}});
  ASSERT_EQ(got.size(), 4u);
  for (size_t j = 0; j < 3; ++j) EXPECT_NEAR(ratio(*s, got[j]), sigmas[j], 1e-12 * sigmas[j]);
  EXPECT_EQ(got[3], 0);
  refusal([&] { times("custom", *s, 0, {{"sigmas", std::vector<double>{20, 1}}}); });
  refusal([&] { times("custom", *s, 0, {{"sigmas", std::vector<double>{1, 2}}}); });
  refusal([&] { times("custom", *s, 0, {{"sigmas", sigmas}, {"times", std::vector<double>{1, 0.5}}}); });
}

}  // namespace
}  // namespace roulade
