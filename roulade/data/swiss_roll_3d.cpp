// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/generate.hpp"
#include "roulade/data/points.hpp"

#include <cmath>
#include <numbers>

namespace roulade::data {
namespace {

struct Settings {
  double noise = 0.5;
  double width = 21;
  void bind(Binder& b) {
    b.add("noise", noise, at_least(0), "standard deviation added to each coordinate");
    b.add("width", width, at_least(0), "length of the roll along y");
  }
};

/// (t cos t, y, t sin t), t = 1.5 pi (1 + 2 u), y uniform on [0, width]. A surface, so it has no curve().
class SwissRoll3d final : public PointSource {
 public:
  explicit SwissRoll3d(const Settings& settings) : set_(settings) {}

  const std::vector<std::string>& columns() const override { return columns_; }
  bool endless() const override { return true; }

  Points draw(Split split, uint64_t seed, int64_t count) const override {
    return generate({.width = 3, .uniforms = 2}, split, seed, count,
                    [this](const double* u, const double* z, double* row) {
                      const double t = 1.5 * std::numbers::pi * (1 + 2 * u[0]);
                      row[0] = t * std::cos(t) + set_.noise * z[0];
                      row[1] = set_.width * u[1] + set_.noise * z[1];
                      row[2] = t * std::sin(t) + set_.noise * z[2];
                      return int64_t{0};
                    });
  }

 private:
  Settings set_;
  std::vector<std::string> columns_{"x", "y", "z"};
};

}  // namespace

Entry swiss_roll_3d() {
  Entry entry;
  entry.name = "swiss_roll_3d";
  entry.summary = "The rolled sheet in space: t cos t, y, t sin t with y uniform on 0 .. 21, plus normal noise";
  entry.source = "scikit-learn, sklearn.datasets.make_swiss_roll, all three columns";
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const SwissRoll3d>(s); });
}

}  // namespace roulade::data
