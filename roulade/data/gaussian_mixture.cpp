// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/data/generate.hpp"
#include "roulade/data/mixture.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace roulade {
namespace {

struct Settings {
  int64_t modes = 8;
  std::string layout = "ring";
  double radius = 4;
  double spacing = 2;
  double deviation = 0.4;
  std::vector<double> weights;
  bool labelled = true;

  void bind(Binder& b) {
    b.add("modes", modes, between(1, 10000), "number of components");
    b.add("layout", layout, {"ring", "grid"},
          "where the means are: on a circle, or on a square grid around the origin");
    b.add("radius", radius, above(0), "ring: radius of the circle of means");
    b.add("spacing", spacing, above(0), "grid: distance between neighbouring means");
    b.add("deviation", deviation, above(0), "standard deviation of each component");
    b.add("weights", weights, above(0), "shares of the components, any positive numbers; empty = equal");
    b.add("labelled", labelled, "each component is a class; false = points alone");
  }
};

Mixture mixture_of(const Settings& s) {
  const auto k = static_cast<size_t>(s.modes);
  Mixture m;
  m.by_class = true;
  m.deviations.assign(k, s.deviation);
  m.weights = s.weights.empty() ? std::vector<double>(k, 1.0) : s.weights;
  if (m.weights.size() != k)
    fail(Code::usage, "data gaussian_mixture.weights", "number of weights", std::to_string(k) + " (modes)",
         std::to_string(m.weights.size()));
  const double total = std::accumulate(m.weights.begin(), m.weights.end(), 0.0);
  for (double& w : m.weights) w /= total;

  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(s.modes))));
  if (s.layout == "grid" && side * side != s.modes)
    fail(Code::usage, "data gaussian_mixture.modes", "grid layout", "a square number", std::to_string(s.modes));
  for (int64_t i = 0; i < s.modes; ++i) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(s.modes);
    const double middle = 0.5 * static_cast<double>(side - 1);
    if (s.layout == "ring") {
      m.means.push_back({s.radius * std::cos(angle), s.radius * std::sin(angle)});
    } else {
      m.means.push_back(
          {s.spacing * (static_cast<double>(i % side) - middle), s.spacing * (static_cast<double>(i / side) - middle)});
    }
  }
  return m;
}

class GaussianMixture final : public PointSource {
 public:
  explicit GaussianMixture(const Settings& settings) : law_(mixture_of(settings)), labelled_(settings.labelled) {
    double sum = 0;
    for (const double w : law_.weights) cumulative_.push_back(sum += w);
    cumulative_.back() = 1;  // rounding must not leave a gap below 1
  }

  const std::vector<std::string>& columns() const override { return columns_; }
  int64_t classes() const override { return labelled_ ? static_cast<int64_t>(law_.weights.size()) : 0; }
  bool endless() const override { return true; }

  Points draw(Split split, uint64_t seed, int64_t count) const override {
    return generate({.labelled = labelled_}, split, seed, count, [this](const double* u, const double* z, double* row) {
      const auto at = std::upper_bound(cumulative_.begin(), cumulative_.end(), u[0]);
      const auto k = static_cast<size_t>(at - cumulative_.begin());
      for (size_t j = 0; j < 2; ++j) row[j] = law_.means[k][j] + law_.deviations[k] * z[j];
      return static_cast<int64_t>(k);
    });
  }

  std::optional<Mixture> law() const override { return law_; }

 private:
  Mixture law_;
  bool labelled_;
  std::vector<double> cumulative_;
  std::vector<std::string> columns_{"x", "y"};
};

}  // namespace

Mixture gaussian_mixture_law(const Table& options) {
  return mixture_of(read_settings<Settings>("data gaussian_mixture", options));
}

namespace data {

Entry gaussian_mixture() {
  Entry entry;
  entry.name = "gaussian_mixture";
  entry.summary = "Mixture of isotropic Gaussians on a ring or a grid, whose exact law is known";
  entry.source = "textbook";
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const GaussianMixture>(s); });
}

}  // namespace data
}  // namespace roulade
