// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/power_average.hpp"

#include "roulade/core/error.hpp"
#include "tests/tree.hpp"

#include <cmath>
#include <fstream>

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

nlohmann::json golden() {
  std::ifstream file(test::tree() / "tests/golden/train/power_average.json");
  return nlohmann::json::parse(file);
}

double weight_at(int64_t k) { return std::sin(static_cast<double>(k) / 37) + 1 / static_cast<double>(k); }

/// The integral of a profile over the trajectory, in double.
double direct(const PowerProfile& p) {
  const auto last = static_cast<double>(p.step);
  const auto edge = [&](int64_t k) { return std::pow(static_cast<double>(k) / last, p.exponent + 1); };
  double sum = 0;
  for (int64_t k = 1; k <= p.step; ++k) sum += (edge(k) - edge(k - 1)) * weight_at(k);
  return sum;
}

TEST(PowerAverageTest, ExponentsAndSharesAreThoseOfAnIndependentProgram) {
  const nlohmann::json g = golden();
  const auto tracked = g["tracked"].get<std::vector<double>>();
  const auto steps = g["steps"].get<int64_t>(), every = g["every"].get<int64_t>();
  std::vector<PowerProfile> given;
  std::vector<double> values;
  for (int64_t step = every; step <= steps; step += every)
    for (const double width : tracked) {
      given.push_back({power_exponent(width), step});
      values.push_back(direct(given.back()));
    }
  for (const auto& c : g["cases"]) {
    const auto width = c["width"].get<double>(), exponent = c["exponent"].get<double>();
    SCOPED_TRACE(width);
    EXPECT_NEAR(power_exponent(width), exponent, 1e-11 * exponent);
    const PowerCombination sum = combine_profiles(given, {power_exponent(width), steps});
    double made = 0, shares = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      made += sum.shares[i] * values[i];
      shares += sum.shares[i];
    }
    EXPECT_NEAR(made, c["recombined"].get<double>(), 1e-8);  // 1e-12 times the matrix's condition of 1e4
    EXPECT_NEAR(shares, c["shares_sum"].get<double>(), 1e-8);
    EXPECT_NEAR(made, c["direct"].get<double>(), 4e-4);  // the method's own error, 3e-4 for the widest
    EXPECT_LT(sum.error, 0.03);
  }
}

TEST(PowerAverageTest, RunningAveragesAreTheIntegral) {
  const nlohmann::json g = golden();
  for (const auto& c : g["cases"]) {
    const Weight weight(at::zeros({1}).requires_grad_(true));
    PowerAverage average(c["width"].get<double>(), {{"w", weight}});
    for (int64_t k = 1; k <= g["steps"].get<int64_t>(); ++k) {
      weight.stored().detach().fill_(weight_at(k));
      average.update(k);
      if (k > 1) continue;
      EXPECT_EQ(average.values().at("w").item<float>(), weight.stored().item<float>());
    }
    // 600 roundings of float32 at a value of about 1, each soon forgotten.
    EXPECT_NEAR(average.values().at("w").item<double>(), c["running"].get<double>(), 2e-6);
    EXPECT_NEAR(c["running"].get<double>(), c["direct"].get<double>(), 1e-12);
  }
}

TEST(PowerAverageTest, ATrackedWidthAtASnapshotIsThatSnapshot) {
  std::vector<PowerProfile> given;
  for (int64_t step = 10; step <= 100; step += 10)
    for (const double width : {0.05, 0.1}) given.push_back({power_exponent(width), step});
  const PowerCombination one = combine_profiles(given, {power_exponent(0.1), 70});
  EXPECT_EQ(one.error, 0);
  for (size_t i = 0; i < given.size(); ++i) EXPECT_EQ(one.shares[i], i == 13 ? 1 : 0) << i;
  const PowerProfile near{power_exponent(0.1) * (1 + 1e-9), 70};  // by the solve itself
  const PowerCombination solved = combine_profiles(given, near);
  EXPECT_NEAR(solved.shares[13], 1, 1e-5);
  EXPECT_LT(solved.error, 1e-5);
}

TEST(PowerAverageTest, AWidthOutOfReachHasALargeErrorAndAWrongOneIsRefused) {
  const std::vector<PowerProfile> given{{power_exponent(0.05), 100}, {power_exponent(0.1), 100}};
  EXPECT_GT(combine_profiles(given, {power_exponent(0.01), 100}).error, 0.3);
  EXPECT_LT(combine_profiles(given, {power_exponent(0.06), 100}).error, 0.1);
  EXPECT_THROW(power_exponent(0), Error);
  EXPECT_THROW(power_exponent(0.29), Error);
  EXPECT_THROW(combine_profiles({}, given[0]), Error);
  // By hand at exponent 1: (1 + 1) / ((1 + 2)^2 (1 + 3)).
  EXPECT_NEAR(power_exponent(std::sqrt(2.0 / (9 * 4))), 1, 1e-9);
}

}  // namespace
}  // namespace roulade
