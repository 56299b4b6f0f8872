// SPDX-License-Identifier: Apache-2.0
// Figures that SciPy and scikit-learn give for two small sets: tools/golden/eval.py.
#include "roulade/io/npy.hpp"
#include "sets.hpp"
#include "tests/tree.hpp"

#include <cmath>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

class Golden : public testing::Test {
 protected:
  static std::string path(const std::string& name) { return (test::tree() / "tests/golden/eval" / name).string(); }

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

TEST_F(Golden, Mmd) {
  // Four mean kernel values right to 2e-7 each.
  EXPECT_NEAR(test::judge("mmd", judged_, real_)[0], figure("mmd2"), 8e-7);
  EXPECT_NEAR(test::judge("mmd", judged_, real_, {}, {{"mmd_factors", std::vector<double>{0.1, 0.5, 2}}})[0],
              figure("mmd2_three"), 8e-7);
}

TEST_F(Golden, Wasserstein2) {
  EXPECT_NEAR(test::judge("wasserstein2", judged_, real_)[0], figure("wasserstein2"), 1e-12);  // doubles on both sides
}

TEST_F(Golden, DensityAndCoverage) {
  const auto found = test::judge("density_coverage", judged_, real_);
  EXPECT_NEAR(found[0], figure("density"), 1e-12);  // one quotient of whole numbers
  EXPECT_EQ(found[1], figure("knn_coverage"));
}

TEST_F(Golden, Classifier) {
  const auto found = test::judge("classifier", judged_, real_);
  EXPECT_NEAR(found[0], figure("classifier_accuracy"), 1e-12);
  EXPECT_NEAR(found[1], figure("classifier_z"), 1e-12);
}

TEST_F(Golden, Memorisation) {
  const PointSet trained = read("training.npy");
  const auto found =
      test::judge("memorisation", judged_, real_, {0, nullptr, trained.view()}, {{"copied_quantile", 0.2}});
  EXPECT_EQ(found[0], figure("copied_share"));
  EXPECT_NEAR(found[1], figure("copying_z"), 1e-12);
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
