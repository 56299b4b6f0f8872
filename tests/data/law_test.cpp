// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/mixture.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

double below(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

/// Share of the law inside a box.
double share(const Mixture& law, double x0, double x1, double y0, double y1) {
  double sum = 0;
  for (size_t k = 0; k < law.weights.size(); ++k) {
    const double s = law.deviations[k], x = law.means[k][0], y = law.means[k][1];
    sum += law.weights[k] * (below((x1 - x) / s) - below((x0 - x) / s)) * (below((y1 - y) / s) - below((y0 - y) / s));
  }
  return sum;
}

// Draws and law are written apart: the shares of 12 x 12 boxes must agree within the counts' own spread.
TEST(Law, DrawsFollowIt) {
  constexpr int64_t kRows = 100000;
  constexpr int kBoxes = 12;
  int found = 0;
  for (const auto& entry : data::registry().entries()) {
    if (entry.name == "table" || entry.name == "picture" || entry.name == "images")
      continue;  // need a file, have no law
    const auto source = entry.name == "gaussian_mixture" ? data::registry().make(entry.name, {{"modes", 5}})
                                                         : data::registry().make(entry.name);
    const auto law = source->law();
    if (!law) continue;
    ++found;
    SCOPED_TRACE(entry.name);
    double weights = 0;
    for (const double w : law->weights) weights += w;
    EXPECT_NEAR(weights, 1, 1e-9);
    const Points p = source->draw(Split::train, 4, kRows);
    double low[2] = {1e9, 1e9}, high[2] = {-1e9, -1e9};
    for (int64_t i = 0; i < kRows; ++i)
      for (int j = 0; j < 2; ++j) {
        low[j] = std::min(low[j], p.row(i)[j]);
        high[j] = std::max(high[j], p.row(i)[j]);
      }
    std::vector<double> count(kBoxes * kBoxes);
    const auto box = [&](double v, int j) {
      return std::clamp(static_cast<int>((v - low[j]) / (high[j] - low[j]) * kBoxes), 0, kBoxes - 1);
    };
    for (int64_t i = 0; i < kRows; ++i)
      count[static_cast<size_t>(box(p.row(i)[0], 0) * kBoxes + box(p.row(i)[1], 1))]++;
    const double step[2] = {(high[0] - low[0]) / kBoxes, (high[1] - low[1]) / kBoxes};
    double total = 0;
    for (int a = 0; a < kBoxes; ++a)
      for (int b = 0; b < kBoxes; ++b) {
        const double want = share(*law, low[0] + a * step[0], low[0] + (a + 1) * step[0], low[1] + b * step[1],
                                  low[1] + (b + 1) * step[1]);
        total += want;
        // Five standard errors of a count, and a few points for boxes that are nearly empty.
        EXPECT_NEAR(count[static_cast<size_t>(a * kBoxes + b)], want * kRows, 5 * std::sqrt(want * kRows) + 4)
            << a << ", " << b;
      }
    EXPECT_NEAR(total, 1, 1e-3);  // of the law, nearly all lies where the points do
  }
  EXPECT_GE(found, 4);
}

TEST(Law, QuadratureAlongACurveIsRight) {
  const auto line = [](double u) { return std::array{3 * u, 0.0}; };
  const auto law = law_along({line}, 3, 0.1);
  ASSERT_TRUE(law);
  // Along x the law is uniform on [0, 3] plus noise: a difference of normal integrals, ends included.
  for (const double x : {-0.2, -0.05, 0.0, 0.03, 1.5, 2.93, 3.1}) {
    double density = 0;
    for (size_t k = 0; k < law->weights.size(); ++k) {
      const double z = (x - law->means[k][0]) / 0.1;
      density += law->weights[k] * std::exp(-0.5 * z * z) / (0.1 * std::sqrt(2 * M_PI));
    }
    EXPECT_NEAR(density, (below((3 - x) / 0.1) - below(-x / 0.1)) / 3, 1e-6 / 3) << x;
  }
  EXPECT_FALSE(law_along({line}, 3, 0));
  EXPECT_FALSE(law_along({line}, 3, 1e-6));
  EXPECT_FALSE(data::registry().make("swiss_roll", {{"noise", 0.0}})->law());
  EXPECT_FALSE(data::registry().make("checkerboard")->law());
}

}  // namespace
}  // namespace roulade
