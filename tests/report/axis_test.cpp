// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/axis.hpp"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

namespace roulade::plot {
namespace {

std::vector<std::string> labels(const std::vector<Tick>& ticks) {
  std::vector<std::string> out;
  for (const Tick& t : ticks) out.push_back(t.label);
  return out;
}

TEST(Axis, LinearTicksAreRound) {
  EXPECT_EQ(labels(linear_ticks({0, 1}, 5)), (std::vector<std::string>{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(labels(linear_ticks({-13, 17}, 6)),
            (std::vector<std::string>{"\u221210", "\u22125", "0", "5", "10", "15"}));
  EXPECT_EQ(labels(linear_ticks({0, 4900}, 5)), (std::vector<std::string>{"0", "1000", "2000", "3000", "4000"}));
}

TEST(Axis, TicksLieInsideAndDiffer) {
  for (double scale : {1e-7, 3e-3, 1.0, 42.0, 1e5, 7e8})
    for (double shift : {-1.0, 0.0, 5.0})
      for (int wanted : {2, 4, 8}) {
        const Limits limits{shift * scale, (shift + 1.7) * scale};
        const auto ticks = linear_ticks(limits, wanted);
        EXPECT_GE(ticks.size(), 1U) << scale << " " << shift;
        EXPECT_LE(ticks.size(), static_cast<size_t>(wanted) + 1);
        std::set<std::string> seen;
        for (const Tick& t : ticks) {
          EXPECT_GE(t.value, limits.low - 1e-9 * scale);
          EXPECT_LE(t.value, limits.high + 1e-9 * scale);
          EXPECT_TRUE(seen.insert(t.label).second) << t.label;
        }
      }
}

TEST(Axis, LogTicks) {
  EXPECT_EQ(labels(log_ticks({0.005, 200}, 8)), (std::vector<std::string>{"0.01", "0.1", "1", "10", "100"}));
  EXPECT_EQ(labels(log_ticks({0.15, 3}, 8)), (std::vector<std::string>{"0.2", "0.5", "1", "2"}));
  EXPECT_EQ(labels(log_ticks({1e-8, 1e-4}, 8)), (std::vector<std::string>{"10⁻⁸", "10⁻⁷", "10⁻⁶", "10⁻⁵", "10⁻⁴"}));
}

TEST(Axis, LimitsPassOverWhatIsNotFinite) {
  const double values[] = {NAN, 3, -INFINITY, 1, 2, INFINITY};
  EXPECT_EQ(limits_of(values).low, 1);
  EXPECT_EQ(limits_of(values).high, 3);
  const double same[] = {5, 5};
  EXPECT_GT(limits_of(same).span(), 0);
  EXPECT_TRUE(limits_of(same).contains(5));
  EXPECT_GT(limits_of({}).span(), 0);
}

}  // namespace
}  // namespace roulade::plot
