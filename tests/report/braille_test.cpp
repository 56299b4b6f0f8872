// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/braille.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade::plot {
namespace {

using Lines = std::vector<std::string>;

TEST(Braille, EveryDotHasItsPlace) {
  // One character: two dots across, four up. The bits are Unicode's: dots 1, 2, 3, 7 on the left, 4, 5, 6, 8 on the
  // right.
  const char* shown[4][2] = {{"⡀", "⢀"}, {"⠄", "⠠"}, {"⠂", "⠐"}, {"⠁", "⠈"}};  // from the bottom
  for (int j = 0; j < 4; ++j)
    for (int i = 0; i < 2; ++i) {
      const double x[] = {i + 0.5}, y[] = {j + 0.5};
      EXPECT_EQ(braille_points(x, y, {0, 2}, {0, 4}, 1, 1), Lines{shown[j][i]}) << i << " " << j;
    }
}

TEST(Braille, ADiagonalRunsUpwards) {
  const double x[] = {0, 1, 2, 3, 4, 5, 6, 7}, y[] = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(braille_points(x, y, {0, 7.999}, {0, 7.999}, 4, 2), (Lines{"  ⡠⠊", "⡠⠊  "}));
}

TEST(Braille, LimitsAreInsideAndTheRestIsLeftOut) {
  const double x[] = {0, 1, NAN, 0.5, -0.001, 1.001, INFINITY}, y[] = {0, 1, 0.5, NAN, 0.5, 0.5, 0.5};
  EXPECT_EQ(braille_points(x, y, {0, 1}, {0, 1}, 3, 2), (Lines{"  ⠈", "⡀  "}));
  EXPECT_EQ(braille_points({}, {}, {0, 1}, {0, 1}, 3, 2), (Lines{"   ", "   "}));
}

TEST(Braille, BarsStandOnTheBottomAndTheTallestFills) {
  // Four bins; counts 8, 1, 0, 4: heights 8, 1, 0, 4 of 8 dots.
  std::vector<double> values(8, 0.5);
  values.push_back(1.5);
  values.insert(values.end(), 4, 4.0);
  values.push_back(NAN);
  values.push_back(9);
  EXPECT_EQ(braille_bars(values, {0, 4}, 2, 2), (Lines{"⡇ ", "⣇⢸"}));
  EXPECT_EQ(braille_bars({}, {0, 1}, 2, 1), Lines{"  "});
  values.assign(1000, 0.1);
  values.push_back(0.9);  // one value beside a thousand is still seen
  EXPECT_EQ(braille_bars(values, {0, 1}, 1, 1), Lines{"⣇"});
}

}  // namespace
}  // namespace roulade::plot
