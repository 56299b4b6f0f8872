// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/dots.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

namespace roulade::plot {
namespace {

double total(const Cover& c) { return std::accumulate(c.dots.begin(), c.dots.end(), 0.0); }

TEST(Dots, ADotCoversItsArea) {
  for (double radius : {1.5, 2.0, 3.7, 6.0})
    for (float shift : {0.0F, 0.1F, 0.4F, 0.75F}) {
      const float x[] = {20 + shift}, y[] = {20 - shift};
      // The edge is a linear ramp instead of the exact overlap: its integral is pi (r^2 + 1/12), and sampling it at
      // pixel centres adds a few per cent for small dots.
      EXPECT_NEAR(total(cover(x, y, 40, 40, radius)), M_PI * radius * radius, 0.06 * M_PI * radius * radius + 0.3)
          << radius << " " << shift;
    }
}

TEST(Dots, ADotLiesWhereItsPointIs) {
  const float x[] = {12.3F}, y[] = {7.8F};
  const Cover c = cover(x, y, 30, 20, 3);
  double sx = 0, sy = 0;
  for (int j = 0; j < 20; ++j)
    for (int i = 0; i < 30; ++i) {
      const double share = c.dots[static_cast<size_t>(j * 30 + i)] / total(c);
      sx += share * (i + 0.5);
      sy += share * (j + 0.5);
    }
  // Places are rounded to quarters of a pixel: at most 1/8 off.
  EXPECT_NEAR(sx, 12.3, 0.13);
  EXPECT_NEAR(sy, 7.8, 0.13);
}

TEST(Dots, PointsOutsideAndNanAreLeftOut) {
  const float x[] = {NAN, -1, 50, 5, INFINITY}, y[] = {5, 5, 5, NAN, 5};
  EXPECT_EQ(total(cover(x, y, 40, 40, 2)), 0);
  const float ex[] = {0, 39.99F}, ey[] = {0, 39.99F};  // at the corners: the part inside is drawn
  EXPECT_GT(total(cover(ex, ey, 40, 40, 2)), 4);
}

TEST(Dots, OpacityIsThatOfDrawingDotsOneOverTheOther) {
  for (int n : {1, 2, 5, 20}) {
    const std::vector<float> x(static_cast<size_t>(n), 10.6F), y(static_cast<size_t>(n), 10.6F);
    const Mask mask = mask_of(cover(x, y, 21, 21, 4), 0.2, 256);
    double clear = 255;
    for (int i = 0; i < n; ++i) clear *= 0.8;
    EXPECT_NEAR(mask.at(10, 10), 255 - clear, 1) << n;  // rounding, and 1/64 dot of the table
    EXPECT_EQ(mask.at(0, 0), 0);
  }
}

TEST(Dots, LevelsAreFew) {
  std::vector<float> x, y;
  for (int i = 0; i < 5000; ++i) {
    x.push_back(static_cast<float>(50 + 40 * std::sin(i * 1.1)));
    y.push_back(static_cast<float>(50 + 40 * std::cos(i * 0.7)));
  }
  Mask mask = mask_of(cover(x, y, 100, 100, 1.5), 0.3, 16);
  std::sort(mask.alpha.begin(), mask.alpha.end());
  mask.alpha.erase(std::unique(mask.alpha.begin(), mask.alpha.end()), mask.alpha.end());
  EXPECT_LE(mask.alpha.size(), 16U);
  EXPECT_GE(mask.alpha.size(), 8U);
}

TEST(Dots, CrowdsAreDrawnThinner) {
  auto opacity = [](int n) {
    std::vector<float> x, y;
    for (int i = 0; i < n; ++i) {
      x.push_back(static_cast<float>(std::fmod(i * 61.803, 100)));
      y.push_back(static_cast<float>(std::fmod(i * 38.197 + i / 97, 100)));
    }
    return fitting_opacity(cover(x, y, 100, 100, 2));
  };
  EXPECT_GT(opacity(50), 2 * opacity(20000));
  EXPECT_GT(opacity(20000), 0);
}

}  // namespace
}  // namespace roulade::plot
