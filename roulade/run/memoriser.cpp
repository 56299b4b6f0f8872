// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/memoriser.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/parallel.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <ATen/ops/empty.h>
#include <fmt/format.h>

namespace roulade {
namespace {

/// Columns of the points of each class, and of all under -1.
using Groups = std::map<int64_t, std::vector<std::vector<float>>>;

Groups groups_of(const Points& training, bool by_label) {
  Groups out;
  const auto add = [&](int64_t key, int64_t row) {
    auto& columns = out[key];
    columns.resize(static_cast<size_t>(training.width));
    for (size_t c = 0; c < columns.size(); ++c) columns[c].push_back(static_cast<float>(training.row(row)[c]));
  };
  for (int64_t i = 0; i < training.rows; ++i) {
    add(-1, i);
    if (by_label && !training.labels.empty()) add(training.labels[static_cast<size_t>(i)], i);
  }
  if (training.rows == 0) fail(Code::usage, "memoriser", "training points", "at least one", "none");
  return out;
}

/// Squared distances from one place to all points of a group; returns the least.
float squares(const std::vector<std::vector<float>>& columns, const float* from, std::vector<float>& out) {
  const size_t n = columns.front().size();
  out.assign(n, 0);
  for (size_t c = 0; c < columns.size(); ++c) {
    const float* y = columns[c].data();
    const float x = from[c];
    float* to = out.data();
    for (size_t i = 0; i < n; ++i) to[i] += (x - y[i]) * (x - y[i]);
  }
  float least = std::numeric_limits<float>::infinity();
  for (const float d : out) least = d < least ? d : least;
  return least;
}

}  // namespace

Tensor memorised_x0(const Points& training, const Tensor& x_t, std::span<const double> alpha,
                    std::span<const double> sigma, const std::vector<int64_t>& labels) {
  constexpr double kNothing = 40;  // exp(-40) of the nearest point's share does not change a float
  const Groups groups = groups_of(training, !labels.empty());
  const Tensor from = x_t.to(at::kFloat).contiguous();
  const int64_t width = training.width;
  if (from.dim() != 2 || from.size(1) != width)
    fail(Code::usage, "memoriser", "shape of x_t", fmt::format("[n, {}]", width), "another");
  Tensor out = at::empty({from.size(0), width}, at::kFloat);
  const float* x = from.const_data_ptr<float>();
  float* to = out.mutable_data_ptr<float>();
  parallel_for(0, from.size(0), 16, [&](int64_t first, int64_t last) {
    std::vector<float> d;
    std::vector<float> place(static_cast<size_t>(width));
    std::vector<double> sum(static_cast<size_t>(width));
    for (int64_t i = first; i < last; ++i) {
      const auto row = static_cast<size_t>(i);
      const auto group = groups.find(labels.empty() || labels[row] < 0 ? -1 : labels[row]);
      if (group == groups.end())
        fail(Code::usage, "memoriser", fmt::format("label {}", labels[row]), "one of the training points'");
      const auto& columns = group->second;
      // In the data's place: |x_t - alpha y|^2 / sigma^2 = |x_t / alpha - y|^2 (alpha / sigma)^2.
      const double a = std::max(alpha[row], 1e-20), ratio = a / std::max(sigma[row], 1e-20);
      for (size_t c = 0; c < place.size(); ++c)
        place[c] = static_cast<float>(x[i * width + static_cast<int64_t>(c)] / a);
      const double rate = 0.5 * ratio * ratio;
      const float least = squares(columns, place.data(), d);
      const auto reach = static_cast<float>(std::min(double{least} + kNothing / rate, 3e38));
      double shares = 0;
      std::fill(sum.begin(), sum.end(), 0);
      for (size_t k = 0; k < d.size(); ++k) {
        if (!(d[k] <= reach)) continue;
        const double share = std::exp(-rate * (double{d[k]} - double{least}));
        shares += share;
        for (size_t c = 0; c < sum.size(); ++c) sum[c] += share * double{columns[c][k]};
      }
      for (size_t c = 0; c < sum.size(); ++c)
        to[i * width + static_cast<int64_t>(c)] = static_cast<float>(sum[c] / shares);
    }
  });
  return out;
}

}  // namespace roulade
