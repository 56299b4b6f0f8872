// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/metric.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric modes";

struct Settings {
  double mode_share = 0.1;
  double mode_sigmas = 4;
  void bind(Binder& b) {
    b.add("mode_share", mode_share, between(0, 1), "modes: part of its own share that a mode must hold to count");
    b.add("mode_sigmas", mode_sigmas, above(0), "modes: how many standard deviations around its mean a mode reaches");
  }
};

/// Modes of a mixture that the judged set covers.
/// A point lies on the component whose mean is nearest in its own standard deviations, if that is at most `mode_sigmas`
/// away. A mode counts when at least max(1, mode_share w_k n) of the n points lie on it. With p the components' shares
/// among the points that lie on any, mode_kl = sum_k p_k log(p_k / w_k) in nats: for n points of the law itself it is
/// about (K - 1) / (2 n). When no point lies on a mode it is its largest value, -log of the smallest weight.
class Modes final : public Metric {
 public:
  explicit Modes(const Settings& settings) : settings_(settings) {}

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext& context) const override {
    check_sets(kWhere, sets, reference, 1);
    if (context.mixture == nullptr || context.mixture->weights.empty())
      fail(Code::usage, kWhere, "mixture of the data", "components", "none");
    const auto width = static_cast<int64_t>(context.mixture->means.front().size());
    if (reference.width != width)
      fail(Code::usage, kWhere, "width of the reference set", fmt::format("{}", width),
           fmt::format("{}", reference.width));
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) out.push_back(judge(set, *context.mixture));
    return out;
  }

 private:
  std::vector<double> judge(const PointView& set, const Mixture& law) const {
    std::vector<int64_t> counts(law.weights.size());
    for (int64_t i = 0; i < set.rows; ++i) {
      const size_t k = nearest(law, set.values + i * set.width);
      if (squared_sigmas(law, k, set.values + i * set.width) <= settings_.mode_sigmas * settings_.mode_sigmas)
        ++counts[k];
    }
    const int64_t on = std::accumulate(counts.begin(), counts.end(), int64_t{0});
    const auto n = static_cast<double>(set.rows);
    int64_t covered = 0;
    double divergence = on > 0 ? 0 : -std::log(*std::min_element(law.weights.begin(), law.weights.end()));
    for (size_t k = 0; k < counts.size(); ++k) {
      const auto count = static_cast<double>(counts[k]);
      covered += count >= std::max(1.0, settings_.mode_share * law.weights[k] * n);
      if (counts[k] > 0)
        divergence += count / static_cast<double>(on) * std::log(count / static_cast<double>(on) / law.weights[k]);
    }
    return {static_cast<double>(covered), 1 - static_cast<double>(on) / n, divergence};
  }

  static double squared_sigmas(const Mixture& law, size_t k, const float* point) {
    double sum = 0;
    for (size_t j = 0; j < law.means[k].size(); ++j) {
      const double d = (static_cast<double>(point[j]) - law.means[k][j]) / law.deviations[k];
      sum += d * d;
    }
    return sum;
  }

  static size_t nearest(const Mixture& law, const float* point) {
    size_t best = 0;
    double least = squared_sigmas(law, 0, point);
    for (size_t k = 1; k < law.weights.size(); ++k)
      if (const double d = squared_sigmas(law, k, point); d < least) {
        least = d;
        best = k;
      }
    return best;
  }

  Settings settings_;
};

}  // namespace

Entry modes() {
  Entry entry;
  entry.name = "modes";
  entry.summary = "Components of a mixture that the set covers, its share off all of them, divergence of their shares";
  entry.source = "after Srivastava et al. 2017, section 4.1 (25 Gaussians on a grid); thresholds are this project's";
  entry.figures = {"modes", "off_modes", "mode_kl"};
  entry.needs_mixture = true;
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Modes>(s); });
}

}  // namespace roulade::eval
