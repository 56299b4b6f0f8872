// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/generate.hpp"
#include "roulade/data/points.hpp"

namespace roulade::data {
namespace {

struct Settings {
  int64_t cells = 4;
  double extent = 4;
  void bind(Binder& b) {
    b.add("cells", cells, between(1, 1000), "cells along each side");
    b.add("extent", extent, above(0), "the board is [-extent, extent] in both coordinates");
  }
};

/// Uniform on the cells (column, row) of the board with column + row even; cell (0, 0) is at the lower left.
class Checkerboard final : public PointSource {
 public:
  explicit Checkerboard(const Settings& settings)
      : cells_(settings.cells), extent_(settings.extent), filled_((cells_ * cells_ + 1) / 2) {}

  const std::vector<std::string>& columns() const override { return columns_; }
  bool endless() const override { return true; }

  Points draw(Split split, uint64_t seed, int64_t count) const override {
    return generate({.uniforms = 3}, split, seed, count, [this](const double* u, const double*, double* at) {
      const auto k = static_cast<int64_t>(u[0] * static_cast<double>(filled_));
      // Two rows together hold `cells_` filled cells, the even row the first (cells_ + 1) / 2 of them.
      const int64_t pair = k / cells_, rest = k % cells_, even = (cells_ + 1) / 2;
      const int64_t row = 2 * pair + (rest < even ? 0 : 1);
      const int64_t column = rest < even ? 2 * rest : 2 * (rest - even) + 1;
      const double side = 2 * extent_ / static_cast<double>(cells_);
      at[0] = side * (static_cast<double>(column) + u[1]) - extent_;
      at[1] = side * (static_cast<double>(row) + u[2]) - extent_;
      return int64_t{0};
    });
  }

 private:
  int64_t cells_;
  double extent_;
  int64_t filled_;
  std::vector<std::string> columns_{"x", "y"};
};

}  // namespace

Entry checkerboard() {
  Entry entry;
  entry.name = "checkerboard";
  entry.summary = "Uniform on every second cell of a square board";
  entry.source = "Grathwohl et al. 2019, \"FFJORD\", section 4.1 (figure 2)";
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const Checkerboard>(s); });
}

}  // namespace roulade::data
