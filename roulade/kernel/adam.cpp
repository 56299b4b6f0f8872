// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/adam.hpp"

#include "roulade/core/parallel.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace roulade::kernel {
namespace {

constexpr int64_t kGrain = 1 << 15;

}  // namespace

void adam(const AdamStep& s, std::span<float> weight, std::span<const float> gradient, std::span<float> m,
          std::span<float> v) {
  const double correct1 = 1 - std::pow(s.beta1, static_cast<double>(s.step));
  const double correct2 = 1 - std::pow(s.beta2, static_cast<double>(s.step));
  const auto rate = static_cast<float>(s.lr / correct1), inverse2 = static_cast<float>(1 / std::sqrt(correct2));
  const auto b1 = static_cast<float>(s.beta1), c1 = static_cast<float>(1 - s.beta1);
  const auto b2 = static_cast<float>(s.beta2), c2 = static_cast<float>(1 - s.beta2);
  const auto epsilon = static_cast<float>(s.epsilon), scale = static_cast<float>(s.gradient_scale);
  const auto coupled = static_cast<float>(s.decoupled ? 0 : s.weight_decay);
  const auto keep = static_cast<float>(s.decoupled ? 1 - s.lr * s.weight_decay : 1);
  parallel_for(0, static_cast<int64_t>(weight.size()), kGrain, [&](int64_t first, int64_t last) {
    for (auto i = static_cast<size_t>(first); i < static_cast<size_t>(last); ++i) {
      const float g = scale * gradient[i] + coupled * weight[i];
      m[i] = b1 * m[i] + c1 * g;
      v[i] = b2 * v[i] + c2 * g * g;
      weight[i] = keep * weight[i] - rate * m[i] / (std::sqrt(v[i]) * inverse2 + epsilon);
    }
  });
}

void average(double decay, std::span<float> average, std::span<const float> weight) {
  const auto step = static_cast<float>(1 - decay);
  parallel_for(0, static_cast<int64_t>(weight.size()), kGrain, [&](int64_t first, int64_t last) {
    for (auto i = static_cast<size_t>(first); i < static_cast<size_t>(last); ++i)
      average[i] += step * (weight[i] - average[i]);
  });
}

double sum_of_squares(std::span<const float> values) {
  const auto n = static_cast<int64_t>(values.size());
  const int64_t pieces = (n + kGrain - 1) / kGrain;
  std::vector<double> sums(static_cast<size_t>(pieces));
  parallel_for(0, pieces, 1, [&](int64_t first, int64_t last) {
    for (int64_t p = first; p < last; ++p) {
      double sum[4] = {};
      const int64_t end = std::min(n, (p + 1) * kGrain);
      for (int64_t i = p * kGrain; i < end; ++i) {
        const double x = values[static_cast<size_t>(i)];
        sum[i & 3] += x * x;
      }
      sums[static_cast<size_t>(p)] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace roulade::kernel
