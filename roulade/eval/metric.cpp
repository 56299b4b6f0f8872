// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/metric.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace roulade {
namespace eval {

std::vector<std::vector<double>> errors_by_parts(const Metric& metric, std::span<const PointView> sets,
                                                 const PointView& reference, const MetricContext& context,
                                                 const PartRows& rows) {
  constexpr int64_t kParts = 10;
  const auto part = [&](const PointView& set, int64_t k) {
    const int64_t each = std::min(set.rows, rows.most) / kParts;
    return PointView{set.values + k * each * set.width, each, set.width, set.labels ? set.labels + k * each : nullptr};
  };
  std::vector<std::vector<double>> out;
  for (const PointView& set : sets) {
    std::vector<double> sums, squares;
    for (int64_t k = 0; k < kParts; ++k) {
      const PointView one = part(set, k), against = part(reference, k);
      if (std::min(one.rows, against.rows) < rows.least) return {};
      const std::vector<double> figures = metric.compare({&one, 1}, against, context).front();
      sums.resize(figures.size());
      squares.resize(figures.size());
      for (size_t i = 0; i < figures.size(); ++i) {
        sums[i] += figures[i];
        squares[i] += figures[i] * figures[i];
      }
    }
    out.emplace_back();
    for (size_t i = 0; i < sums.size(); ++i) {
      const double squared = squares[i] - sums[i] * sums[i] / kParts;
      const double variance = (squared < 0 ? 0 : squared) / (kParts - 1);  // one unknown part: unknown
      out.back().push_back(std::sqrt(variance / kParts));
    }
  }
  return out;
}

void check_set(std::string_view where, const std::string& role, const PointView& set, int64_t width, int64_t least) {
  constexpr float kLimit = 1e15f;
  if (set.width != width || width < 1)
    fail(Code::usage, where, fmt::format("width of the {} set", role), fmt::format("{}", std::max<int64_t>(width, 1)),
         fmt::format("{}", set.width));
  if (set.rows < least)
    fail(Code::usage, where, fmt::format("rows of the {} set", role), fmt::format("at least {}", least),
         fmt::format("{}", set.rows));
  const int64_t size = set.rows * width;
  bool good = true;
  for (int64_t i = 0; i < size; ++i) good &= std::abs(set.values[i]) <= kLimit;  // false for NaN
  if (good) return;
  for (int64_t i = 0; i < size; ++i)
    if (!(std::abs(set.values[i]) <= kLimit))
      fail(Code::numeric, where, fmt::format("{} set, row {}, column {}", role, i / width, i % width),
           "a finite number of at most 1e15 in magnitude", fmt::format("{}", set.values[i]));
}

void check_sets(std::string_view where, std::span<const PointView> sets, const PointView& reference, int64_t least) {
  check_set(where, "reference", reference, reference.width, least);
  for (const PointView& set : sets) check_set(where, "judged", set, reference.width, least);
}

void check_training(std::string_view where, const PointView& training, int64_t width) {
  if (training.rows < 1) fail(Code::usage, where, "training set", "one to compare with", "none");
  check_set(where, "training", training, width, 1);
}

}  // namespace eval

std::vector<std::vector<double>> Metric::errors(std::span<const PointView>, const PointView&,
                                                const MetricContext&) const {
  return {};
}

std::vector<Figure> MetricEntry::compute(const PointView& generated, const PointView& reference,
                                         const MetricContext& context) const {
  Binder binder;
  const auto values = make(binder)->compare({&generated, 1}, reference, context);
  std::vector<Figure> out;
  for (size_t i = 0; i < figures.size(); ++i) out.push_back({figures[i], values.front()[i]});
  return out;
}

}  // namespace roulade
