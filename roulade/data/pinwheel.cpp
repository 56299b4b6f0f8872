// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/generate.hpp"
#include "roulade/data/points.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace roulade::data {
namespace {

struct Settings {
  int64_t arms = 5;
  double length = 0.3, thickness = 0.1, bend = 0.25;
  void bind(Binder& b) {
    b.add("arms", arms, between(1, 100), "number of blades, each a class");
    b.add("length", length, above(0), "standard deviation along a blade; its middle is 1 from the centre");
    b.add("thickness", thickness, at_least(0), "standard deviation across a blade");
    b.add("bend", bend, {}, "how far blades turn with the distance from the centre; 0 = straight");
  }
};

/// Blade k: a Gaussian around (1, 0), turned clockwise by the angle 2 pi k / arms + bend exp(its first coordinate).
class Pinwheel final : public PointSource {
 public:
  explicit Pinwheel(const Settings& settings) : set_(settings) {}

  const std::vector<std::string>& columns() const override { return columns_; }
  int64_t classes() const override { return set_.arms; }
  bool endless() const override { return true; }

  Points draw(Split split, uint64_t seed, int64_t count) const override {
    const RowPlan plan{.width = 2, .uniforms = 1, .labelled = true};
    return generate(plan, split, seed, count, [this](const double* u, const double* z, double* row) {
      const auto arms = static_cast<double>(set_.arms);
      const double arm = std::min(std::floor(u[0] * arms), arms - 1);
      const double along = 1 + set_.length * z[0], across = set_.thickness * z[1];
      const double angle = 2 * std::numbers::pi * arm / arms + set_.bend * std::exp(along);
      row[0] = along * std::cos(angle) + across * std::sin(angle);
      row[1] = across * std::cos(angle) - along * std::sin(angle);
      return static_cast<int64_t>(arm);
    });
  }

 private:
  Settings set_;
  std::vector<std::string> columns_{"x", "y"};
};

}  // namespace

Entry pinwheel() {
  Entry entry;
  entry.name = "pinwheel";
  entry.summary = "Bent blades around a centre, each a class";
  entry.source = "Johnson et al. 2016, Composing Graphical Models with Neural Networks, the pinwheel data";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Pinwheel>(s); });
}

}  // namespace roulade::data
