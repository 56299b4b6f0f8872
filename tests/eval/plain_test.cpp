// SPDX-License-Identifier: Apache-2.0
// Every metric against its definition written out in double.
#include "roulade/core/process.hpp"
#include "sets.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using test::judge;

double distance(const PointSet& x, int64_t i, const PointSet& y, int64_t j) {
  double square = 0;
  for (int64_t c = 0; c < x.width; ++c) {
    const double d =
        double{x.values[static_cast<size_t>(i * x.width + c)]} - double{y.values[static_cast<size_t>(j * y.width + c)]};
    square += d * d;
  }
  return std::sqrt(square);
}

double sliced_plain(const PointSet& x, const PointSet& y, uint64_t seed, int64_t directions) {
  const auto width = static_cast<size_t>(x.width);
  std::vector<double> u(static_cast<size_t>(directions) * width);
  fill_normal({seed, Stream::evaluate}, 0, x.width, std::span<double>(u));
  double total = 0;
  for (size_t k = 0; k < u.size(); k += width) {
    double square = 0;
    for (size_t c = 0; c < width; ++c) square += u[k + c] * u[k + c];
    const auto projected = [&](const PointSet& set) {
      std::vector<double> p;
      for (size_t i = 0; i < set.values.size(); i += width) {
        double dot = 0;
        for (size_t c = 0; c < width; ++c) dot += u[k + c] / std::sqrt(square) * set.values[i + c];
        p.push_back(dot);
      }
      std::sort(p.begin(), p.end());
      return p;
    };
    const auto a = projected(x), b = projected(y);
    for (size_t i = 0; i < a.size(); ++i) total += std::abs(a[i] - b[i]) / static_cast<double>(a.size());
  }
  return total / static_cast<double>(directions);
}

double mean_between(const PointSet& x, const PointSet& y, bool same) {
  double sum = 0;
  int64_t count = 0;
  for (int64_t i = 0; i < x.rows; ++i)
    for (int64_t j = 0; j < y.rows; ++j)
      if (!same || i != j) {
        sum += distance(x, i, y, j);
        ++count;
      }
  return sum / static_cast<double>(count);
}

/// Share of x inside the ball of any row of y that reaches to its k-th other row.
double covered_plain(const PointSet& x, const PointSet& y, size_t k) {
  std::vector<double> radii;
  for (int64_t j = 0; j < y.rows; ++j) {
    std::vector<double> others;
    for (int64_t i = 0; i < y.rows; ++i) others.push_back(distance(y, j, y, i));
    std::sort(others.begin(), others.end());
    radii.push_back(others[k]);  // others[0] is the row itself
  }
  int64_t inside = 0;
  for (int64_t i = 0; i < x.rows; ++i) {
    bool any = false;
    for (int64_t j = 0; j < y.rows; ++j) any = any || distance(x, i, y, j) <= radii[static_cast<size_t>(j)];
    inside += any;
  }
  return static_cast<double>(inside) / static_cast<double>(x.rows);
}

/// Distance and arc of each row's nearest point of a one-piece curve; the curve's length comes last.
struct Feet {
  std::vector<double> distances, arcs;
  double length = 0;
};
Feet feet_plain(const Curve& curve, const PointSet& set) {
  Feet feet{std::vector<double>(static_cast<size_t>(set.rows), 1e300),
            std::vector<double>(static_cast<size_t>(set.rows)), 0};
  const auto& v = curve.pieces.front();
  for (size_t k = 0; k + 1 < v.size(); ++k) {
    const double dx = v[k + 1][0] - v[k][0], dy = v[k + 1][1] - v[k][1], length = std::hypot(dx, dy);
    for (size_t i = 0; i < feet.arcs.size(); ++i) {
      const double x = set.values[2 * i] - v[k][0], y = set.values[2 * i + 1] - v[k][1];
      const double along = std::clamp((x * dx + y * dy) / length, 0.0, length);
      const double d = std::hypot(x - along * dx / length, y - along * dy / length);
      if (d < feet.distances[i]) {
        feet.distances[i] = d;
        feet.arcs[i] = feet.length + along;
      }
    }
    feet.length += length;
  }
  return feet;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

/// A spiral's points with more noise and one end missing: no figure is 0 or 1.
PointSet poor_roll() {
  PointSet set = test::roll().fresh(5, 1500), wide{0, 2, {}};
  const PointSet noise = test::normal(6, 1500, 2);
  const Feet feet = feet_plain(test::roll().curve, set);
  for (size_t i = 0; i < feet.arcs.size() && wide.rows < 900; ++i)
    if (feet.arcs[i] < 0.8 * feet.length) {
      wide.values.push_back(set.values[2 * i] + 0.08f * noise.values[2 * i]);
      wide.values.push_back(set.values[2 * i + 1] + 0.08f * noise.values[2 * i + 1]);
      ++wide.rows;
    }
  return wide;
}

TEST(Plain, Sliced) {
  for (const int64_t width : {1, 2, 3, 7}) {
    const PointSet x = test::normal(1, 333, width), y = test::normal(2, 333, width);
    // Float projections of numbers up to about 5 * sqrt(7): rounding below 1e-6 each, and it averages out.
    EXPECT_NEAR(judge("sliced_wasserstein", x, y, {42, nullptr})[0], sliced_plain(x, y, 42, 500), 1e-6);
  }
}

TEST(Plain, Energy) {
  for (const int64_t width : {1, 2, 3, 7}) {
    const PointSet x = test::normal(1, 301, width), y = test::normal(2, 257, width);
    const double between = mean_between(x, y, false);
    // Mean distances are right to 1e-7 of themselves, and four of them are added.
    EXPECT_NEAR(judge("energy", x, y)[0], 2 * between - mean_between(x, x, true) - mean_between(y, y, true),
                4e-7 * between);
  }
}

TEST(Plain, PrecisionAndRecall) {
  const PointSet judged = poor_roll(), real = test::roll().fresh(7, 800);
  const auto figures = judge("precision_recall", judged, real);
  EXPECT_EQ(figures, (std::vector<double>{covered_plain(judged, real, 5), covered_plain(real, judged, 5)}));
  EXPECT_LT(figures[0], 1);
  EXPECT_LT(figures[1], 0.9);
}

TEST(Plain, CurveFigures) {
  const Curve& curve = test::roll().curve;
  const PointSet judged = poor_roll(), real = test::roll().fresh(7, 1100);
  const Feet a = feet_plain(curve, judged), b = feet_plain(curve, real);
  const auto distance = judge("curve_distance", judged, real, {0, &curve});
  EXPECT_NEAR(distance[0], mean(a.distances) / mean(b.distances), 1e-12 * distance[0]);  // doubles on both sides
  const auto off = std::count_if(a.distances.begin(), a.distances.end(), [&](double d) { return d > 4 * curve.noise; });
  EXPECT_GT(off, 0);
  EXPECT_EQ(distance[1], static_cast<double>(off) / static_cast<double>(judged.rows));

  double covered = 0, held = 0;
  for (int arc = 0; arc < 100; ++arc) {
    const auto in_arc = [&](const Feet& feet) {
      return static_cast<double>(std::count_if(feet.arcs.begin(), feet.arcs.end(), [&](double s) {
        return s / feet.length * 100 >= arc && (s / feet.length * 100 < arc + 1 || arc == 99);
      }));
    };
    const double n = in_arc(a), m = in_arc(b);
    held += m > 0;
    covered += m > 0 && n >= 1 && n / static_cast<double>(judged.rows) >= 0.1 * m / static_cast<double>(real.rows);
  }
  const double coverage = judge("arc_coverage", judged, real, {0, &curve})[0];
  EXPECT_EQ(coverage, covered / held);
  EXPECT_GT(coverage, 0.7);
  EXPECT_LT(coverage, 0.9);
}

TEST(Plain, SwappedSets) {
  const PointSet x = poor_roll(), y = test::roll().fresh(7, x.rows);
  EXPECT_EQ(judge("sliced_wasserstein", x, y, {3, nullptr}), judge("sliced_wasserstein", y, x, {3, nullptr}));
  // Sums in another order: two mean distances of about 1.8, right to 1e-7.
  EXPECT_NEAR(judge("energy", x, y)[0], judge("energy", y, x)[0], 4e-7);
  const auto ab = judge("precision_recall", x, y), ba = judge("precision_recall", y, x);
  EXPECT_EQ(ab[0], ba[1]);
  EXPECT_EQ(ab[1], ba[0]);
}

TEST(Plain, ThreadsAndCompanyDoNotChangeABit) {
  const int before = threads();
  const PointSet judged = test::labelled(poor_roll()), real = test::labelled(test::roll().fresh(7, judged.rows)),
                 other = test::roll().fresh(8, judged.rows);
  const PointSet trained = test::labelled(test::roll().fresh(9, 1000));
  const Mixture mixture{{0.5, 0.5}, {{0, 0}, {1, 1}}, {0.3, 0.3}, true};
  const MetricContext context{11, &test::roll().curve, trained.view(), &mixture};
  for (const auto& entry : eval::registry().entries()) {
    set_threads(1);
    const auto one = judge(entry.name, judged, real, context);
    for (const int count : {2, 3, 5}) {
      set_threads(count);
      EXPECT_EQ(judge(entry.name, judged, real, context), one) << entry.name << " on " << count;
    }
    const std::vector<PointView> sets = {other.view(), judged.view()};
    EXPECT_EQ(eval::registry().make(entry.name)->compare(sets, real.view(), context)[1], one) << entry.name;
  }
  set_threads(before);
}

}  // namespace
}  // namespace roulade
