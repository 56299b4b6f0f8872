// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/generate.hpp"
#include "roulade/data/points.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace roulade::data {
namespace {

struct Settings {
  int64_t arms = 2;
  double turns = 1.5;
  double noise = 0.3;
  void bind(Binder& b) {
    b.add("arms", arms, between(1, 100), "number of spirals, each a class");
    b.add("turns", turns, {0, 10, true}, "how often each winds around the centre; its radius grows by 2 pi a turn");
    b.add("noise", noise, at_least(0), "standard deviation added to each coordinate");
  }
};

/// Archimedes' spiral, radius = angle, turned by 2 pi arm / arms; u in [0, 1]. The square root spreads points evenly:
/// arc length grows as the angle squared.
std::array<double, 2> spiral(const Settings& set, int64_t arm, double u) {
  const double angle = 2 * std::numbers::pi * set.turns * std::sqrt(u);
  const double start = 2 * std::numbers::pi * static_cast<double>(arm) / static_cast<double>(set.arms);
  return {angle * std::cos(angle + start), angle * std::sin(angle + start)};
}

class Spirals final : public PointSource {
 public:
  explicit Spirals(const Settings& settings) : set_(settings) {}

  const std::vector<std::string>& columns() const override { return columns_; }
  int64_t classes() const override { return set_.arms; }
  bool endless() const override { return true; }

  Points draw(Split split, uint64_t seed, int64_t count) const override {
    const RowPlan plan{.width = 2, .uniforms = 2, .labelled = true};
    return generate(plan, split, seed, count, [this](const double* u, const double* z, double* row) {
      const auto arms = static_cast<double>(set_.arms);
      const auto arm = static_cast<int64_t>(std::min(std::floor(u[0] * arms), arms - 1));
      const auto [x, y] = spiral(set_, arm, u[1]);
      row[0] = x + set_.noise * z[0];
      row[1] = y + set_.noise * z[1];
      return arm;
    });
  }

  std::optional<Curve> curve() const override {
    // Equal steps of the angle; a chord strays by step^2 / 8 times at most 2 pi turns + 2: 2e-5 whatever the turns.
    const double longest = 2 * std::numbers::pi * set_.turns;
    const auto chords = static_cast<int64_t>(std::ceil(longest * std::sqrt((longest + 2) / (8 * 2e-5))));
    Curve curve{{}, set_.noise};
    for (int64_t arm = 0; arm < set_.arms; ++arm) {
      auto& line = curve.pieces.emplace_back();
      for (int64_t i = 0; i <= chords; ++i) {
        const double share = static_cast<double>(i) / static_cast<double>(chords);
        line.push_back(spiral(set_, arm, share * share));
      }
    }
    return curve;
  }

 private:
  Settings set_;
  std::vector<std::string> columns_{"x", "y"};
};

}  // namespace

Entry spirals() {
  Entry entry;
  entry.name = "spirals";
  entry.summary = "Interleaved spirals around one centre, a class each, plus normal noise";
  entry.source = "Grathwohl et al. 2019, \"FFJORD\", figure 2, in units three times as large";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Spirals>(s); });
}

}  // namespace roulade::data
