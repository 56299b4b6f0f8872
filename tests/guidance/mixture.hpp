// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/denoiser/exact.hpp"
#include "roulade/guidance/guidance.hpp"

#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace roulade::test {

/// Three Gaussians in the plane, of label 0, 1 and 2.
inline constexpr double kWeights[] = {0.5, 0.2, 0.3}, kDeviations[] = {0.3, 0.5, 0.4};
inline constexpr double kMeans[][2] = {{-1, 0.5}, {0.8, 0.1}, {0.2, -1.2}};

/// Counts calls and rows, and passes on.
class Counting final : public Denoiser {
 public:
  explicit Counting(std::shared_ptr<const Denoiser> inner) : inner_(std::move(inner)) {}
  const Schedule& schedule() const override { return inner_->schedule(); }
  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    ++calls;
    rows = x_t.size(0);
    return inner_->denoise(x_t, t, condition);
  }
  mutable int calls = 0;
  mutable int64_t rows = 0;

 private:
  std::shared_ptr<const Denoiser> inner_;
};

/// The exact denoiser of the three, of which everything guided can be worked out.
class MixtureTest : public ::testing::Test {
 protected:
  MixtureTest() {
    std::vector<std::vector<double>> means;
    for (const auto& m : kMeans) means.push_back({m[0], m[1]});
    exact = std::make_shared<Counting>(
        make_exact_mixture(schedule, {kWeights, kWeights + 3}, means, {kDeviations, kDeviations + 3}));
  }

  /// E[x_0 | x_t, label] coordinate j, written out with plain numbers; label -1 = the whole mixture; extra: as
  /// weak's.
  double by_hand(const double* x, int64_t j, double t, int64_t label, double extra = 0) const {
    const double alpha = schedule->alpha(t), sigma = schedule->sigma(t);
    double sum = 0, total = 0;
    for (int64_t k = 0; k < 3; ++k) {
      if (label >= 0 && k != label) continue;
      const double d2 = kDeviations[k] * kDeviations[k] + extra * extra, v = alpha * alpha * d2 + sigma * sigma;
      double distance = 0;
      for (int64_t i = 0; i < 2; ++i) distance += std::pow(x[i] - alpha * kMeans[k][i], 2);
      const double share = kWeights[k] / v * std::exp(-distance / (2 * v));
      sum += share * (kMeans[k][j] + alpha * d2 / v * (x[j] - alpha * kMeans[k][j]));
      total += share;
    }
    return sum / total;
  }

  void expect_guided(const Tensor& got, const std::vector<double>& t, double scale, int64_t negative) const {
    for (int64_t i = 0; i < 4; ++i) {
      const double* row = x.data_ptr<double>() + 2 * i;
      const double time = t.size() == 1 ? t[0] : t[static_cast<size_t>(i)];
      const int64_t label = (*labels.label)[i].item<int64_t>();
      for (int64_t j = 0; j < 2; ++j) {
        const double away = by_hand(row, j, time, negative), toward = by_hand(row, j, time, label);
        EXPECT_NEAR(got[i][j].item<double>(), away + scale * (toward - away), 1e-12)
            << "sample " << i << ", axis " << j;
      }
    }
  }

  /// The exact denoiser of a wider law: deviations sqrt(d^2 + extra^2).
  std::shared_ptr<const Denoiser> weak(double extra = 0.5) const {
    std::vector<std::vector<double>> means;
    std::vector<double> wider;
    for (const auto& m : kMeans) means.push_back({m[0], m[1]});
    for (const double d : kDeviations) wider.push_back(std::hypot(d, extra));
    return make_exact_mixture(schedule, {kWeights, kWeights + 3}, means, wider);
  }

  std::shared_ptr<const Schedule> schedule = schedule::registry().make("flow");
  std::shared_ptr<Counting> exact;
  Tensor x = at::tensor({0.1, 0.2, -0.8, 0.9, 1.5, -0.6, 0.3, 0.3}, at::TensorOptions(at::kDouble)).view({4, 2});
  Condition labels{at::tensor(std::vector<int64_t>{0, 1, 2, 1}), {}, {}, {}, {}};
};

}  // namespace roulade::test
