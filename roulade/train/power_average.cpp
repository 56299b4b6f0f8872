// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/power_average.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_solve.h>
#include <fmt/format.h>

namespace roulade {

double power_exponent(double sigma_rel) {
  if (!(sigma_rel > 0 && sigma_rel <= kWidestPowerAverage))
    fail(Code::usage, "average", "relative width", fmt::format("in (0, {}]", kWidestPowerAverage),
         fmt::format("{}", sigma_rel));
  const double s = 1 / (sigma_rel * sigma_rel);
  double g = std::sqrt(s);  // to the right of the largest root, where the cubic is convex: Newton's steps only fall
  for (int i = 0; i < 100; ++i) {
    const double value = ((g + 7) * g + (16 - s)) * g + 12 - s, slope = (3 * g + 14) * g + 16 - s;
    const double next = g - value / slope;
    if (!(next < g)) break;
    g = next;
  }
  return g;
}

double power_overlap(const PowerProfile& a, const PowerProfile& b) {
  const PowerProfile &early = a.step < b.step ? a : b, &late = a.step < b.step ? b : a;
  const auto first = static_cast<double>(early.step), last = static_cast<double>(late.step);
  return (a.exponent + 1) * (b.exponent + 1) / ((a.exponent + b.exponent + 1) * last) *
         std::pow(first / last, late.exponent);
}

PowerCombination combine_profiles(std::span<const PowerProfile> given, const PowerProfile& wanted) {
  if (given.empty()) fail(Code::usage, "average", "there is no average to combine");
  PowerCombination out;
  out.shares.assign(given.size(), 0);
  if (const auto same = std::find(given.begin(), given.end(), wanted); same != given.end()) {
    out.shares[static_cast<size_t>(same - given.begin())] = 1;
    return out;
  }
  // Profiles of norm 1 keep the matrix well conditioned.
  const auto n = static_cast<int64_t>(given.size());
  std::vector<double> norm;
  for (const PowerProfile& p : given) norm.push_back(std::sqrt(power_overlap(p, p)));
  Tensor matrix = at::empty({n, n}, at::kDouble), right = at::empty({n}, at::kDouble);
  double* const a = matrix.mutable_data_ptr<double>();
  double* const b = right.mutable_data_ptr<double>();
  const double own = power_overlap(wanted, wanted);
  for (size_t i = 0; i < given.size(); ++i) {
    b[i] = power_overlap(given[i], wanted) / norm[i];
    for (size_t j = 0; j < given.size(); ++j)
      a[i * given.size() + j] = power_overlap(given[i], given[j]) / (norm[i] * norm[j]);
  }
  const Tensor solution = at::linalg_solve(matrix, right);
  const double* const x = solution.const_data_ptr<double>();
  double explained = 0;
  for (size_t i = 0; i < given.size(); ++i) {
    out.shares[i] = x[i] / norm[i];
    explained += x[i] * b[i];
    if (!std::isfinite(out.shares[i])) fail(Code::numeric, "average", "the shares of the averages are not finite");
  }
  out.error = std::sqrt(std::max(0.0, 1 - explained / own));
  return out;
}

PowerAverage::PowerAverage(double sigma_rel, const NamedWeights& weights)
    : sigma_rel_(sigma_rel), exponent_(power_exponent(sigma_rel)), average_(0, weights) {}

double PowerAverage::decay_at(int64_t step) const { return std::pow(1 - 1 / static_cast<double>(step), exponent_ + 1); }

void PowerAverage::update(int64_t step) { average_.move(decay_at(step)); }

AverageStep PowerAverage::step(int64_t step) const { return average_.step(decay_at(step)); }

}  // namespace roulade
