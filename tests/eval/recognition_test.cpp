// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/eval/metric.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

// Three classes around (0, 0), (4, 0) and (0, 4).
struct Clusters {
  std::vector<float> values;
  std::vector<int64_t> labels;

  explicit Clusters(int64_t rows) {
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t k = i % 3;
      const float near = 0.1f * static_cast<float>(i % 7);
      values.insert(values.end(), {(k == 1 ? 4.0f : 0.0f) + near, (k == 2 ? 4.0f : 0.0f) - near});
      labels.push_back(k);
    }
  }
  PointView view() const {
    return {values.data(), static_cast<int64_t>(labels.size()), 2, labels.empty() ? nullptr : labels.data()};
  }
};

double recognised(const PointView& set, const PointView& training) {
  return eval::registry().find("recognition").compute(set, set, {0, nullptr, training}).front().value;
}

TEST(Recognition, CountsPointsThatLieAmongTheirClass) {
  const Clusters training(60);
  Clusters judged(30);
  EXPECT_EQ(recognised(judged.view(), training.view()), 1);
  for (size_t i = 0; i < 6; ++i) judged.labels[i] = (judged.labels[i] + 1) % 3;
  EXPECT_DOUBLE_EQ(recognised(judged.view(), training.view()), 24.0 / 30);
  for (size_t i = 0; i < 12; ++i) judged.labels[i] = -1;  // no class: not counted
  EXPECT_DOUBLE_EQ(recognised(judged.view(), training.view()), 1);
  PointView nameless = judged.view();
  nameless.labels = nullptr;
  EXPECT_TRUE(std::isnan(recognised(nameless, training.view())));
}

TEST(Recognition, NeedsTrainingPointsWithClasses) {
  const Clusters judged(9);
  PointView training = judged.view();
  training.labels = nullptr;
  EXPECT_THROW(recognised(judged.view(), training), Error);
  EXPECT_THROW(recognised(judged.view(), {}), Error);
}

}  // namespace
}  // namespace roulade
