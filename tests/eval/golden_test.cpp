// SPDX-License-Identifier: Apache-2.0
// Figures that SciPy and scikit-learn give for two small sets: tools/golden/eval.py.
#include "roulade/io/npy.hpp"
#include "sets.hpp"

#include <cmath>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

class Golden : public testing::Test {
 protected:
  static std::string path(const std::string& name) {
    return std::string(ROULADE_SOURCE_DIR "/tests/golden/eval/") + name;
  }

  static PointSet read(const std::string& name) {
    const NpyArray array = read_npy(path(name));
    return test::set_of(array.shape.at(1), {array.values.begin(), array.values.end()});
  }

  Golden() {
    std::ifstream file(path("figures.json"));
    figures_ = nlohmann::json::parse(file);
    curve_ = *test::roll().source->curve();
    for (auto& [x, y] : curve_.pieces.front()) {
      x /= figure("scale");
      y /= figure("scale");
    }
    curve_.noise = figure("noise");
  }

  double figure(const std::string& name) const { return figures_.at(name).get<double>(); }

  nlohmann::json figures_;
  Curve curve_;
  PointSet judged_ = read("judged.npy"), real_ = read("reference.npy");
};

TEST_F(Golden, Sliced) {
  constexpr int64_t kDirections = 20000;  // 4 standard errors of their mean: 1 %
  const double error = figure("sliced_wasserstein_deviation") / std::sqrt(double{kDirections});
  EXPECT_NEAR(test::judge("sliced_wasserstein", judged_, real_, {1, nullptr}, {{"directions", kDirections}})[0],
              figure("sliced_wasserstein"), 4 * error);
}

TEST_F(Golden, Energy) {
  EXPECT_NEAR(test::judge("energy", judged_, real_)[0], figure("energy"), 8e-7);  // four mean distances of 1.8 to 1e-7
}

TEST_F(Golden, PrecisionAndRecall) {
  EXPECT_EQ(test::judge("precision_recall", judged_, real_),
            (std::vector<double>{figure("precision"), figure("recall")}));
}

TEST_F(Golden, CurveDistance) {
  const auto distance = test::judge("curve_distance", judged_, real_, {0, &curve_});
  // The polyline strays 5e-5 / scale from the spiral, to its inner side: 2e-4 of the noise, and it averages out.
  EXPECT_NEAR(distance[0], figure("curve_distance"), 2e-4);
  EXPECT_EQ(distance[1], figure("off_curve"));
}

TEST_F(Golden, ArcCoverage) {
  EXPECT_EQ(
      test::judge("arc_coverage", judged_, real_, {0, &curve_}, {{"arcs", figures_.at("arcs").get<int64_t>()}})[0],
      figure("arc_coverage"));
}

}  // namespace
}  // namespace roulade
