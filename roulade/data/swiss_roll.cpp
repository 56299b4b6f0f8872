// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/generate.hpp"
#include "roulade/data/mixture.hpp"
#include "roulade/data/points.hpp"

#include <cmath>
#include <numbers>

namespace roulade::data {
namespace {

struct Settings {
  double noise = 0.5;
  void bind(Binder& b) { b.add("noise", noise, at_least(0), "standard deviation added to each coordinate"); }
};

/// The spiral at u in [0, 1]: t = 1.5 pi (1 + 2 u).
std::array<double, 2> spiral(double u) {
  const double t = 1.5 * std::numbers::pi * (1 + 2 * u);
  return {t * std::cos(t), t * std::sin(t)};
}

class SwissRoll final : public PointSource {
 public:
  explicit SwissRoll(const Settings& settings) : noise_(settings.noise) {}

  const std::vector<std::string>& columns() const override { return columns_; }
  bool endless() const override { return true; }

  Points draw(Split split, uint64_t seed, int64_t count) const override {
    return generate({}, split, seed, count, [this](const double* u, const double* z, double* row) {
      const auto [x, y] = spiral(u[0]);
      row[0] = x + noise_ * z[0];
      row[1] = y + noise_ * z[1];
      return int64_t{0};
    });
  }

  std::optional<Curve> curve() const override {
    constexpr int kChords = 2000;  // the longest chord strays 5e-5 from the spiral
    std::vector<std::array<double, 2>> line;
    for (int i = 0; i <= kChords; ++i) line.push_back(spiral(static_cast<double>(i) / kChords));
    return Curve{{std::move(line)}, noise_};
  }

  std::optional<Mixture> law() const override {
    const double end = 4.5 * std::numbers::pi;
    return law_along({spiral}, 3 * std::numbers::pi * std::hypot(1, end), noise_);
  }

 private:
  double noise_;
  std::vector<std::string> columns_{"x", "z"};
};

}  // namespace

Entry swiss_roll() {
  Entry entry;
  entry.name = "swiss_roll";
  entry.summary = "A spiral in the plane: t cos t, t sin t with t uniform on 1.5 pi .. 4.5 pi, plus normal noise";
  entry.source = "scikit-learn, sklearn.datasets.make_swiss_roll, columns 0 and 2";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const SwissRoll>(s); });
}

}  // namespace roulade::data
