// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/generate.hpp"
#include "roulade/data/mixture.hpp"
#include "roulade/data/points.hpp"

#include <cmath>
#include <numbers>

namespace roulade::data {
namespace {

struct Settings {
  double noise = 0.1;
  void bind(Binder& b) { b.add("noise", noise, at_least(0), "standard deviation added to each coordinate"); }
};

/// The point at angle pi u of moon 0 (upper half circle) or 1 (lower one, shifted).
std::array<double, 2> moon(int64_t which, double u) {
  const double c = std::cos(std::numbers::pi * u), s = std::sin(std::numbers::pi * u);
  return which == 0 ? std::array{c, s} : std::array{1 - c, 0.5 - s};
}

class Moons final : public PointSource {
 public:
  explicit Moons(const Settings& settings) : noise_(settings.noise) {}

  const std::vector<std::string>& columns() const override { return columns_; }
  int64_t classes() const override { return 2; }
  bool endless() const override { return true; }

  Points draw(Split split, uint64_t seed, int64_t count) const override {
    const RowPlan plan{.width = 2, .uniforms = 2, .labelled = true};
    return generate(plan, split, seed, count, [this](const double* u, const double* z, double* row) {
      const int64_t which = u[0] < 0.5 ? 0 : 1;
      const auto [x, y] = moon(which, u[1]);
      row[0] = x + noise_ * z[0];
      row[1] = y + noise_ * z[1];
      return which;
    });
  }

  std::optional<Curve> curve() const override {
    constexpr int kChords = 500;  // the longest chord strays 5e-6 from its circle
    Curve curve{{{}, {}}, noise_};
    for (int i = 0; i <= kChords; ++i)
      for (int64_t which = 0; which < 2; ++which)
        curve.pieces[static_cast<size_t>(which)].push_back(moon(which, static_cast<double>(i) / kChords));
    return curve;
  }

  std::optional<Mixture> law() const override {
    return law_along({[](double u) { return moon(0, u); }, [](double u) { return moon(1, u); }}, std::numbers::pi,
                     noise_);
  }

 private:
  double noise_;
  std::vector<std::string> columns_{"x", "y"};
};

}  // namespace

Entry moons() {
  Entry entry;
  entry.name = "moons";
  entry.summary = "Two interleaving half circles, a class each, plus normal noise";
  entry.source = "scikit-learn, sklearn.datasets.make_moons";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Moons>(s); });
}

}  // namespace roulade::data
