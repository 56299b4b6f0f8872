// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/generate.hpp"
#include "roulade/data/mixture.hpp"
#include "roulade/data/points.hpp"

#include <cmath>
#include <numbers>

namespace roulade::data {
namespace {

struct Settings {
  double noise = 0.05;
  double factor = 0.5;
  void bind(Binder& b) {
    b.add("noise", noise, at_least(0), "standard deviation added to each coordinate");
    b.add("factor", factor, {0, 1, true}, "radius of the inner circle; the outer one has 1");
  }
};

std::array<double, 2> circle(double radius, double u) {
  const double angle = 2 * std::numbers::pi * u;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

class Circles final : public PointSource {
 public:
  explicit Circles(const Settings& settings) : radii_{1, settings.factor}, noise_(settings.noise) {}

  const std::vector<std::string>& columns() const override { return columns_; }
  int64_t classes() const override { return 2; }
  bool endless() const override { return true; }

  Points draw(Split split, uint64_t seed, int64_t count) const override {
    const RowPlan plan{.width = 2, .uniforms = 2, .labelled = true};
    return generate(plan, split, seed, count, [this](const double* u, const double* z, double* row) {
      const size_t which = u[0] < 0.5 ? 0 : 1;
      const auto [x, y] = circle(radii_[which], u[1]);
      row[0] = x + noise_ * z[0];
      row[1] = y + noise_ * z[1];
      return static_cast<int64_t>(which);
    });
  }

  std::optional<Curve> curve() const override {
    constexpr int kChords = 1000;  // the longest chord strays 5e-6 from its circle
    Curve curve{{{}, {}}, noise_};
    for (int i = 0; i <= kChords; ++i)
      for (size_t which = 0; which < 2; ++which)
        curve.pieces[which].push_back(circle(radii_[which], static_cast<double>(i) / kChords));
    return curve;
  }

  std::optional<Mixture> law() const override {
    return law_along(
        {[this](double u) { return circle(radii_[0], u); }, [this](double u) { return circle(radii_[1], u); }},
        2 * std::numbers::pi, noise_);
  }

 private:
  std::array<double, 2> radii_;
  double noise_;
  std::vector<std::string> columns_{"x", "y"};
};

}  // namespace

Entry circles() {
  Entry entry;
  entry.name = "circles";
  entry.summary = "An outer circle (class 0) and an inner one (class 1), plus normal noise";
  entry.source = "scikit-learn, sklearn.datasets.make_circles";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Circles>(s); });
}

}  // namespace roulade::data
