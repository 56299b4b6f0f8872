// SPDX-License-Identifier: Apache-2.0
#include "sets.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using test::judge;

// Class 0 at (0, 0) and (2, 0), class 1 at (10, 10) and (10, 14): variances 2 and 8.
PointSet real() {
  PointSet set = test::set_of(2, {0, 0, 10, 10, 2, 0, 10, 14});
  set.labels = {0, 1, 0, 1};
  return set;
}

TEST(ClassSpread, IsTheMeanAndTheLeastOfTheClassesVariancesBesideReal) {
  PointSet judged = test::set_of(2, {5, 5, 0, 0, 5, 6, 0, 2});  // variances 0.5 and 2, wherever they are
  judged.labels = {0, 1, 0, 1};
  EXPECT_EQ(judge("class_spread", judged, real()), (std::vector<double>{0.25, 0.25}));
  judged.labels = {1, 0, 1, 0};  // 2 / 2 and 0.5 / 8
  EXPECT_EQ(judge("class_spread", judged, real()), (std::vector<double>{0.53125, 0.0625}));
  EXPECT_EQ(judge("class_spread", real(), real()), (std::vector<double>{1, 1}));
}

TEST(ClassSpread, CountsWhatHasAClassOfSeveralRows) {
  PointSet judged = test::set_of(2, {5, 5, 0, 0, 5, 6, 9, 9, 7, 7});
  judged.labels = {0, 1, 0, -1, 5};  // one row of class 1, one without a class, one of a class that is not real
  EXPECT_EQ(judge("class_spread", judged, real()), (std::vector<double>{0.25, 0.25}));
  PointSet still = real();  // class 0 of the reference does not vary
  still.values[4] = 0;
  EXPECT_TRUE(std::isnan(judge("class_spread", judged, still)[0]));
}

TEST(ClassSpread, SeesAClassThatCollapses) {
  const PointSet real = test::labelled(test::normal(1, 600, 4));
  PointSet judged = test::labelled(test::normal(2, 600, 4));
  for (int64_t i = 0; i < judged.rows; ++i)
    for (int64_t d = 0; d < 4 && judged.labels[static_cast<size_t>(i)] == 1; ++d)
      judged.values[static_cast<size_t>(4 * i + d)] *= 0.1f;
  const std::vector<double> figures = judge("class_spread", judged, real);
  EXPECT_NEAR(figures[0], 0.67, 0.06);
  EXPECT_NEAR(figures[1], 0.01, 0.002);
}

TEST(ClassSpread, ErrorOfOnePairIsAboutTheSpreadOfPairs) {
  const auto metric = eval::registry().make("class_spread", {});
  std::vector<double> values;
  double told = 0;
  for (uint64_t pair = 0; pair < 40; ++pair) {
    const PointSet judged = test::labelled(test::normal(100 + pair, 3000, 8));
    const PointSet beside = test::labelled(test::normal(200 + pair, 3000, 8));
    const PointView view = judged.view();
    values.push_back(metric->compare({&view, 1}, beside.view(), {}).front()[0]);
    const auto errors = metric->errors({&view, 1}, beside.view(), {}).front();
    told += errors[0] / 40;
    EXPECT_TRUE(std::isnan(errors[1]));
  }
  double mean = 0, square = 0;
  for (const double v : values) mean += v / 40;
  for (const double v : values) square += (v - mean) * (v - mean) / 39;
  EXPECT_GT(told, std::sqrt(square) / 2);
  EXPECT_LT(told, std::sqrt(square) * 2);
  EXPECT_NEAR(mean, 1, 0.01);
}

TEST(ClassSpread, OfFewRowsOfAClassHasNoError) {
  const auto metric = eval::registry().make("class_spread", {});
  const PointSet many = test::labelled(test::normal(1, 300, 4)), few = test::labelled(test::normal(2, 150, 4));
  const PointView one = many.view(), other = few.view();
  EXPECT_EQ(metric->errors({&one, 1}, one, {}).size(), size_t{1});
  EXPECT_TRUE(metric->errors({&other, 1}, one, {}).empty());
  EXPECT_TRUE(metric->errors({&one, 1}, other, {}).empty());
}

TEST(ClassSpread, IsNotKnownWithoutClasses) {
  PointSet nameless = real(), points = real();
  nameless.labels.clear();
  points.labels = {0, 1, 2, 3};
  for (const PointSet& set : {nameless, points})
    for (const auto& figures : {judge("class_spread", real(), set), judge("class_spread", set, real())}) {
      EXPECT_TRUE(std::isnan(figures[0]));
      EXPECT_TRUE(std::isnan(figures[1]));
    }
  const auto metric = eval::registry().make("class_spread", {});
  PointSet many = test::labelled(test::normal(1, 300, 4));
  const PointSet beside = many;
  many.labels.clear();
  const PointView view = many.view();
  EXPECT_TRUE(metric->errors({&view, 1}, beside.view(), {}).empty());  // not an error of 0
}

}  // namespace
}  // namespace roulade
