// SPDX-License-Identifier: Apache-2.0
// Sets made of turned copies of one arm: class k, turned back, has the law of class 0.
#include "roulade/data/points.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace roulade {
namespace {

/// Mean and second moments of one class after a turn by `angle`.
std::array<double, 5> moments(const Points& p, int64_t label, double angle) {
  std::array<double, 5> out{};
  double n = 0;
  for (int64_t i = 0; i < p.rows; ++i) {
    if (p.labels[static_cast<size_t>(i)] != label) continue;
    const double x = std::cos(angle) * p.row(i)[0] - std::sin(angle) * p.row(i)[1];
    const double y = std::sin(angle) * p.row(i)[0] + std::cos(angle) * p.row(i)[1];
    const double terms[] = {x, y, x * x, x * y, y * y};
    for (size_t j = 0; j < 5; ++j) out[j] += terms[j];
    ++n;
  }
  for (double& m : out) m /= n;
  return out;
}

/// `turn`: +1 where arm k is arm 0 turned counter-clockwise by 2 pi k / arms; `spread`: bounds |x| and |y|.
void expect_turned_copies(const std::string& kind, const Table& options, int64_t arms, double turn, double spread) {
  constexpr int64_t kRows = 200000;
  const Points p = data::registry().make(kind, options)->draw(Split::train, 5, kRows);
  const std::array<double, 5> first = moments(p, 0, 0);
  const double n = kRows / static_cast<double>(arms);
  for (int64_t k = 1; k < arms; ++k) {
    const auto back = moments(p, k, -turn * 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(arms));
    for (size_t j = 0; j < 5;
         ++j)  // a variable within [-s, s] has a deviation of s at most; five errors of a difference
      EXPECT_NEAR(back[j], first[j], 5 * std::sqrt(2 / n) * (j < 2 ? spread : spread * spread))
          << kind << k << " " << j;
  }
}

TEST(Arms, SpiralsAreTurnedCopies) {
  expect_turned_copies("spirals", {{"arms", 3}, {"turns", 0.7}, {"noise", 0.1}}, 3, 1, 5);
}

TEST(Arms, PinwheelsAreTurnedCopies) { expect_turned_copies("pinwheel", {{"arms", 4}, {"bend", 0.4}}, 4, -1, 2.5); }

TEST(Arms, SpiralHasTheRadiusOfItsAngle) {
  // Without noise: radius = angle = 2 pi turns sqrt(u), so that radius^2 is uniform; the angle fits the radius.
  constexpr double kTurns = 2.5;
  constexpr int64_t kRows = 20000;
  const auto source = data::registry().make("spirals", {{"arms", 5}, {"turns", kTurns}, {"noise", 0.0}});
  const Points p = source->draw(Split::train, 1, kRows);
  const double longest = 2 * std::numbers::pi * kTurns;
  double sum = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    const double radius = std::hypot(p.row(i)[0], p.row(i)[1]);
    const double start = 2 * std::numbers::pi * static_cast<double>(p.labels[static_cast<size_t>(i)]) / 5;
    EXPECT_NEAR(p.row(i)[0], radius * std::cos(radius + start), 1e-12 * longest);
    EXPECT_NEAR(p.row(i)[1], radius * std::sin(radius + start), 1e-12 * longest);
    sum += radius * radius / (longest * longest) / kRows;
  }
  EXPECT_NEAR(sum, 0.5, 5 * std::sqrt(1.0 / 12 / kRows));
  EXPECT_EQ(source->curve()->pieces.size(), 5u);
}

}  // namespace
}  // namespace roulade
