// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/ode.hpp"

#include "roulade/core/error.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

/// dy/ds = y cos(rate s) with a rate of the row's own: y = y_0 exp(sin(rate s) / rate).
void swinging(std::span<const double> s, std::span<const double> y, std::span<const int64_t> rows,
              std::span<double> slope) {
  for (size_t i = 0; i < s.size(); ++i) slope[i] = y[i] * std::cos(static_cast<double>(1 + rows[i]) * s[i]);
}

double swung(int64_t row, double s) {
  const auto rate = static_cast<double>(1 + row);
  return std::exp(std::sin(rate * s) / rate);
}

TEST(Ode, KeepsTheToleranceInBothDirections) {
  for (const double tolerance : {1e-4, 1e-7, 1e-10}) {
    const OdeResult there = integrate_rows(swinging, {1, 1, 1}, 1, 0, 5, {.tolerance = tolerance});
    // The errors of some dozens of steps of this size add up, and the steps are chosen to err by less.
    for (int64_t i = 0; i < 3; ++i) EXPECT_NEAR(there.y[static_cast<size_t>(i)], swung(i, 5), 20 * tolerance) << i;
    const OdeResult back = integrate_rows(swinging, there.y, 1, 5, 0, {.tolerance = tolerance});
    for (const double y : back.y) EXPECT_NEAR(y, 1, 40 * tolerance);
  }
}

TEST(Ode, ErrorFallsWithTheFifthPowerOfTheSteps) {
  // A line through log error against log steps; the steps differ in size and a few are tried in vain, so that a single
  // pair of tolerances would tell little.
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (double tolerance = 1e-8; tolerance > 1e-13; tolerance /= 3) {
    const OdeResult r = integrate_rows(swinging, {1, 1, 1}, 1, 0, 20, {.tolerance = tolerance});
    double error = 0;
    for (int64_t i = 0; i < 3; ++i) error += std::abs(r.y[static_cast<size_t>(i)] - swung(i, 20));
    const double a = std::log(static_cast<double>(r.slopes)), b = std::log(error);
    n += 1;
    x += a;
    y += b;
    xx += a * a;
    xy += a * b;
  }
  EXPECT_NEAR((n * xy - x * y) / (n * xx - x * x), -5, 0.6);
}

TEST(Ode, PolynomialsOfTheFifthDegreeAreExact) {
  const auto power = [](std::span<const double> s, std::span<const double>, std::span<const int64_t>,
                        std::span<double> slope) { slope[0] = 5 * std::pow(s[0], 4); };
  // A tolerance that lets every step pass: the few steps are right by their order alone.
  EXPECT_NEAR(integrate_rows(power, {0}, 1, 0, 3, {.tolerance = 1e3}).y[0], 243, 1e-11);
}

TEST(Ode, RowsDoNotTouchEachOther) {
  const std::vector<double> start{1, 0.5, 2, 3};
  const auto all = integrate_rows(swinging, start, 1, 0, 7);
  for (size_t i = 0; i < start.size(); ++i) {
    const auto alone = [&](std::span<const double> s, std::span<const double> y, std::span<const int64_t>,
                           std::span<double> slope) {
      const int64_t row = static_cast<int64_t>(i);
      swinging(s, y, std::span(&row, 1), slope);
    };
    EXPECT_EQ(integrate_rows(alone, {start[i]}, 1, 0, 7).y[0], all.y[i]);
  }
}

TEST(Ode, SaysWhereItCannotGoOn) {
  const auto pole = [](std::span<const double> s, std::span<const double> y, std::span<const int64_t>,
                       std::span<double> slope) {
    for (size_t i = 0; i < s.size(); ++i) slope[i] = y[i] * y[i];  // y = 1 / (1 - s)
  };
  try {
    integrate_rows(pole, {0.25, 1}, 1, 0, 2);
    FAIL() << "passed a pole";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::numeric);
    EXPECT_NE(std::string(e.what()).find("row 1 at 1"), std::string::npos) << e.what();
  }
  const auto nothing = [](std::span<const double>, std::span<const double>, std::span<const int64_t>,
                          std::span<double> slope) { slope[0] = std::nan(""); };
  EXPECT_THROW(integrate_rows(nothing, {1}, 1, 0, 1), Error);
  EXPECT_THROW(integrate_rows(swinging, {1}, 1, 1, 1), Error);
  EXPECT_THROW(integrate_rows(swinging, {1, 2, 3}, 2, 0, 1), Error);
  EXPECT_THROW(integrate_rows(swinging, {1}, 1, 0, 1, {.tolerance = 0}), Error);
}

TEST(Ode, StopsWhenCancelled) {
  Cancel cancel;
  cancel.request();
  EXPECT_FALSE(integrate_rows(swinging, {1}, 1, 0, 5, {}, cancel).finished);
}

}  // namespace
}  // namespace roulade
