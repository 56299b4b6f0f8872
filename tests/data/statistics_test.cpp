// SPDX-License-Identifier: Apache-2.0
// The toy sets have the distribution that scikit-learn or NumPy drew (tools/golden/data.py).
#include "roulade/data/points.hpp"
#include "tests/io/scratch.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

/// Quantile with linear interpolation between order statistics, as numpy.quantile.
double quantile(const std::vector<double>& sorted, double level) {
  const double at = level * static_cast<double>(sorted.size() - 1);
  const auto i = static_cast<size_t>(at);
  return sorted[i] + (at - static_cast<double>(i)) * (sorted[std::min(i + 1, sorted.size() - 1)] - sorted[i]);
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

/// The statistics of tools/golden/data.py, by the same names.
std::map<std::string, double> statistics(const Points& p) {
  std::vector<double> x, y, z, r, rxz, x1, y1, xx, xy, yy, xz, yz, zz;
  for (int64_t i = 0; i < p.rows; ++i) {
    x.push_back(p.row(i)[0]);
    y.push_back(p.row(i)[1]);
    r.push_back(std::hypot(x.back(), y.back()));
    if (p.width == 3) {
      z.push_back(p.row(i)[2]);
      rxz.push_back(std::hypot(x.back(), z.back()));
    }
    if (p.labels.empty() || p.labels[static_cast<size_t>(i)] != 1) continue;
    x1.push_back(x.back());
    y1.push_back(y.back());
  }
  const double mx = mean(x), my = mean(y);
  for (size_t i = 0; i < x.size(); ++i) {
    xx.push_back((x[i] - mx) * (x[i] - mx));
    xy.push_back((x[i] - mx) * (y[i] - my));
    yy.push_back((y[i] - my) * (y[i] - my));
  }
  std::map<std::string, double> out{
      {"mean_x", mx}, {"mean_y", my}, {"cov_xx", mean(xx)}, {"cov_xy", mean(xy)}, {"cov_yy", mean(yy)}};
  std::vector<std::pair<const char*, std::vector<double>*>> columns{{"x", &x}, {"y", &y}, {"r", &r}};
  if (p.width == 3) {
    const double mz = mean(z);
    for (size_t i = 0; i < z.size(); ++i) {
      xz.push_back((x[i] - mx) * (z[i] - mz));
      yz.push_back((y[i] - my) * (z[i] - mz));
      zz.push_back((z[i] - mz) * (z[i] - mz));
    }
    out.insert({{"mean_z", mz}, {"cov_xz", mean(xz)}, {"cov_yz", mean(yz)}, {"cov_zz", mean(zz)}});
    columns.insert(columns.end(), {{"z", &z}, {"rxz", &rxz}});
  }
  for (auto& [name, values] : columns) {
    std::sort(values->begin(), values->end());
    for (const double level : {0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99})
      out[fmt::format("{}_{}", name, level)] = quantile(*values, level);
  }
  if (!p.labels.empty()) {
    out["share_1"] = static_cast<double>(x1.size()) / static_cast<double>(p.rows);
    out["mean_x_1"] = mean(x1);
    out["mean_y_1"] = mean(y1);
  }
  return out;
}

TEST(Statistics, ToySetsAreDistributedAsTheReference) {
  std::ifstream in(golden("data/statistics.json"));
  const nlohmann::json reference = nlohmann::json::parse(in);
  for (const data::Entry& entry : data::registry().entries()) {
    if (entry.name == "table" || entry.name == "picture" || entry.name == "images") continue;  // what their files hold
    ASSERT_TRUE(reference.contains(entry.name)) << entry.name << " has no reference values";
    constexpr int64_t kRows = 200000;
    const auto ours = statistics(data::registry().make(entry.name)->draw(Split::train, 0, kRows));
    EXPECT_EQ(ours.size(), reference[entry.name].size());
    for (const auto& [name, value] : ours) {
      const auto& expected = reference[entry.name].at(name);
      // Standard error of the difference between n = 200,000 and n = 1,000,000; five of them.
      const double error = expected["sd"].get<double>() * std::sqrt(10000.0 / kRows + 10000.0 / 1e6);
      EXPECT_NEAR(value, expected["value"].get<double>(), 5 * error) << entry.name << " " << name;
    }
  }
}

TEST(Statistics, SwissRollScaledByOneDeviationHasItsKnownNoise) {
  const auto source = data::registry().make("swiss_roll");
  const Points points = source->draw(Split::train, 0, 100000);
  const Scaling scaling = Scaling::fit(points, "global");
  // 0.5 / 6.87; the deviation of 200,000 numbers is known to 0.2 %.
  EXPECT_NEAR(scaling.apply(*source->curve()).noise, 0.0728, 0.0728 * 0.004);
}

}  // namespace
}  // namespace roulade
