// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/point_network.hpp"

#include "sets.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace roulade::kernel {
namespace {

/// A network with random weights of PyTorch's size.
struct Network {
  explicit Network(const PointNetworkShape& s) : shape(s) {
    uint64_t seed = 100;
    for (const auto& [in, out] : shape.layers()) {
      weights.push_back(test::normal(seed++, out, in));
      for (float& w : weights.back()) w *= 0.6f / std::sqrt(static_cast<float>(in));
      biases.push_back(test::normal(seed++, 1, out));
      for (float& b : biases.back()) b *= 0.3f;
    }
  }
  std::vector<LayerValues> values() const {
    std::vector<LayerValues> out;
    for (size_t k = 0; k < weights.size(); ++k) out.push_back({weights[k].data(), biases[k].data()});
    return out;
  }
  PointNetworkShape shape;
  std::vector<std::vector<float>> weights, biases;
};

/// Sizes that are whole vectors and sizes that are not.
std::vector<PointNetworkShape> shapes() {
  return {{.residual = false,
           .activation = Activation::relu,
           .points = 2,
           .features = 1,
           .width = 64,
           .depth = 4,
           .outputs = 2},
          {.residual = true,
           .activation = Activation::silu,
           .points = 2,
           .features = 16,
           .width = 64,
           .depth = 4,
           .outputs = 2},
          {.residual = true,
           .activation = Activation::silu,
           .points = 3,
           .features = 21,
           .width = 37,
           .depth = 2,
           .outputs = 5},
          {.residual = true,
           .activation = Activation::relu,
           .points = 1,
           .features = 2,
           .width = 5,
           .depth = 1,
           .outputs = 1},
          {.residual = false,
           .activation = Activation::silu,
           .points = 20,
           .features = 7,
           .width = 90,
           .depth = 1,
           .outputs = 20}};
}

const std::vector<int64_t> kRows = {1, 3, 63, 64, 65, 200, 1000};

TEST(PointNetwork, ForwardEqualsThePlainExpression) {
  for (const PointNetworkShape& shape : shapes()) {
    const Network network(shape);
    const PackedPointNetwork packed(shape, network.values());
    for (const int64_t n : kRows) {
      const auto x = test::normal(1, n, shape.points), f = test::normal(2, n, shape.features);
      std::vector<double> want(static_cast<size_t>(n * shape.outputs));
      forward_plain(shape, network.values(), n, x.data(), f.data(), want.data());
      test::for_each_instruction_set([&](const char* name) {
        SCOPED_TRACE(name);
        std::vector<float> got(want.size());
        forward(packed, n, x.data(), f.data(), false, got.data());
        for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 5e-6) << i;
      });
    }
  }
}

TEST(PointNetwork, FarInputsComeOutAsThePlainExpressionSays) {
  for (const PointNetworkShape& shape : shapes()) {
    const Network network(shape);
    const PackedPointNetwork packed(shape, network.values());
    constexpr int64_t kN = 65;
    auto x = test::normal(1, kN, shape.points);
    const auto f = test::normal(2, kN, shape.features);
    for (float& v : x) v *= 1000;  // beyond exp(104), where the vectors' exp ends
    std::vector<double> want(static_cast<size_t>(kN * shape.outputs));
    forward_plain(shape, network.values(), kN, x.data(), f.data(), want.data());
    double largest = 0;
    for (const double w : want) largest = std::max(largest, std::abs(w));
    test::for_each_instruction_set([&](const char* name) {
      SCOPED_TRACE(name);
      std::vector<float> got(want.size());
      forward(packed, kN, x.data(), f.data(), false, got.data());
      for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 5e-6 * largest) << i;
    });
  }
}

TEST(PointNetwork, OneRowOfFeaturesServesAll) {
  for (const PointNetworkShape& shape : shapes()) {
    const Network network(shape);
    const PackedPointNetwork packed(shape, network.values());
    constexpr int64_t kN = 130;
    const auto x = test::normal(1, kN, shape.points), row = test::normal(2, 1, shape.features);
    std::vector<float> all;
    for (int64_t i = 0; i < kN; ++i) all.insert(all.end(), row.begin(), row.end());
    std::vector<double> want(static_cast<size_t>(kN * shape.outputs));
    forward_plain(shape, network.values(), kN, x.data(), all.data(), want.data());
    test::for_each_instruction_set([&](const char* name) {
      SCOPED_TRACE(name);
      std::vector<float> got(want.size());
      forward(packed, kN, x.data(), row.data(), true, got.data());
      for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 5e-6) << i;
    });
  }
}

/// loss = sum over rows of weight_i sum_c out^2 / 2 + slant out: anything smooth whose derivative is plain.
class Squares final : public PointTask {
 public:
  Squares(const PointNetworkShape& shape, int64_t n)
      : shape_(shape), x_(test::normal(1, n, shape.points)), f_(test::normal(2, n, shape.features)), d_f(f_.size()) {}
  void inputs(int64_t first, int64_t n, float* x, int64_t x_stride, float* features, int64_t f_stride) override {
    for (int64_t i = 0; i < n; ++i) {
      std::copy_n(x_.data() + (first + i) * shape_.points, shape_.points, x + i * x_stride);
      std::copy_n(f_.data() + (first + i) * shape_.features, shape_.features, features + i * f_stride);
    }
  }
  double loss(int64_t first, int64_t n, const float* out, float* gradient, int64_t stride) override {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i)
      for (int64_t c = 0; c < shape_.outputs; ++c) {
        const double w = weight(first + i), y = out[i * stride + c];
        sum += w * (y * y / 2 + 0.25 * y);
        gradient[i * stride + c] = static_cast<float>(w * (y + 0.25));
      }
    return sum;
  }
  void feature_gradients(int64_t, int64_t first, int64_t n, const float* gradient, int64_t stride) override {
    for (int64_t i = 0; i < n; ++i)
      std::copy_n(gradient + i * stride, shape_.features, d_f.data() + (first + i) * shape_.features);
  }
  /// The same loss from the plain expression.
  double plain(const std::vector<LayerValues>& layers) const {
    const auto n = static_cast<int64_t>(x_.size()) / shape_.points;
    std::vector<double> out(static_cast<size_t>(n * shape_.outputs));
    forward_plain(shape_, layers, n, x_.data(), f_.data(), out.data());
    double sum = 0;
    for (int64_t i = 0; i < n; ++i)
      for (int64_t c = 0; c < shape_.outputs; ++c) {
        const double y = out[static_cast<size_t>(i * shape_.outputs + c)];
        sum += weight(i) * (y * y / 2 + 0.25 * y);
      }
    return sum;
  }
  std::vector<float>& features() { return f_; }

 private:
  static double weight(int64_t row) { return 0.5 + 0.001 * static_cast<double>(row % 7); }
  PointNetworkShape shape_;
  std::vector<float> x_, f_;

 public:
  std::vector<float> d_f;
};

struct Gradients {
  explicit Gradients(const PointNetworkShape& shape) {
    for (const auto& [in, out] : shape.layers()) {
      weights.emplace_back(static_cast<size_t>(in * out), NAN);
      biases.emplace_back(static_cast<size_t>(out), NAN);
    }
    for (size_t k = 0; k < weights.size(); ++k) views.push_back({weights[k].data(), biases[k].data()});
  }
  std::vector<std::vector<float>> weights, biases;
  std::vector<LayerGradients> views;
};

// Central differences of the plain loss in double: their own error is near 1e-7 of the loss's scale.
TEST(PointNetwork, GradientsEqualFiniteDifferences) {
  for (const PointNetworkShape& shape : shapes()) {
    if (shape.activation == Activation::relu) continue;  // kinks: compared with autograd in tests/objective
    constexpr int64_t kN = 70;
    Network network(shape);
    const PackedPointNetwork packed(shape, network.values());
    Squares task(shape, kN);
    Gradients got(shape);
    const double loss = gradients(packed, kN, task, true, got.views);
    EXPECT_NEAR(loss, task.plain(network.values()), 1e-5 * std::abs(loss));
    const auto check = [&](float& value, double gradient, const char* what, size_t k) {
      constexpr float kStep = 1.0f / 256;
      const float before = value;
      value = before + kStep;
      const double up = task.plain(network.values()), above = value;
      value = before - kStep;
      const double down = task.plain(network.values()), below = value;
      value = before;
      const double want = (up - down) / (above - below);
      EXPECT_NEAR(gradient, want, 2e-4 * std::max(1.0, std::abs(want))) << what << " of layer " << k;
    };
    for (size_t k = 0; k < network.weights.size(); ++k) {
      for (size_t i = 0; i < network.weights[k].size(); i += 1 + network.weights[k].size() / 5)
        check(network.weights[k][i], got.weights[k][i], "weight", k);
      for (size_t i = 0; i < network.biases[k].size(); i += 1 + network.biases[k].size() / 3)
        check(network.biases[k][i], got.biases[k][i], "bias", k);
    }
    for (size_t i = 0; i < task.d_f.size(); i += 1 + task.d_f.size() / 5)
      check(task.features()[i], task.d_f[i], "feature", 0);
  }
}

// Each instruction set sums in an order of its own; the widest one is held to finite differences above.
TEST(PointNetwork, EveryInstructionSetHasTheSameGradients) {
  for (const PointNetworkShape& shape : shapes()) {
    const Network network(shape);
    const PackedPointNetwork packed(shape, network.values());
    constexpr int64_t kN = 200;
    Gradients want(shape);
    Squares wanted(shape, kN);
    const double loss = gradients(packed, kN, wanted, true, want.views);
    test::for_each_instruction_set([&](const char* name) {
      SCOPED_TRACE(name);
      Gradients got(shape);
      Squares task(shape, kN);
      EXPECT_NEAR(gradients(packed, kN, task, true, got.views), loss, 1e-5 * std::abs(loss));
      const auto compare = [](const std::vector<float>& a, const std::vector<float>& b) {
        float largest = 0;
        for (const float v : b) largest = std::max(largest, std::abs(v));
        for (size_t i = 0; i < b.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-5f * largest) << i;
      };
      for (size_t k = 0; k < want.weights.size(); ++k) {
        compare(got.weights[k], want.weights[k]);
        compare(got.biases[k], want.biases[k]);
      }
      compare(task.d_f, wanted.d_f);
    });
  }
}

TEST(PointNetwork, PackingAgainTakesWhatChanged) {
  for (const PointNetworkShape& shape : shapes()) {
    Network network(shape);
    PackedPointNetwork packed(shape, network.values());
    const auto x = test::normal(1, 5, shape.points), f = test::normal(2, 5, shape.features);
    std::vector<double> want(static_cast<size_t>(5 * shape.outputs));
    std::vector<float> got(want.size());
    for (size_t k = 0; k < network.weights.size(); ++k) {
      network.weights[k].back() += 0.5f;
      network.biases[k].back() -= 0.25f;
      packed.pack(network.values());
      forward_plain(shape, network.values(), 5, x.data(), f.data(), want.data());
      forward(packed, 5, x.data(), f.data(), false, got.data());
      for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 5e-6) << "layer " << k;
    }
  }
}

TEST(PointNetwork, GradientsDoNotDependOnThreadsAndSumOverParts) {
  const PointNetworkShape shape = shapes()[1];
  const Network network(shape);
  const PackedPointNetwork packed(shape, network.values());
  constexpr int64_t kN = 2048 + 17;
  ASSERT_GT(gradient_parts(kN), 4);
  Gradients one(shape), two(shape);
  Squares task(shape, kN);
  const double loss = gradients(packed, kN, task, false, one.views);
  EXPECT_NEAR(loss, task.plain(network.values()), 1e-6 * loss);
  double again = 0;
  {
    const FewerThreads limit(1);
    again = gradients(packed, kN, task, false, two.views);
  }
  EXPECT_EQ(loss, again);
  EXPECT_EQ(one.weights, two.weights);
  EXPECT_EQ(one.biases, two.biases);
}

TEST(PointNetwork, NotANumberComesOut) {
  for (const PointNetworkShape& shape : shapes()) {
    Network network(shape);
    network.weights[1][0] = NAN;
    const PackedPointNetwork packed(shape, network.values());
    const auto x = test::normal(1, 1, shape.points), f = test::normal(2, 1, shape.features);
    std::vector<float> out(static_cast<size_t>(shape.outputs));
    forward(packed, 1, x.data(), f.data(), false, out.data());
    EXPECT_TRUE(std::isnan(out[0]));
  }
}

}  // namespace
}  // namespace roulade::kernel
