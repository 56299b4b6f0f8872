// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/ratio_span.hpp"

#include <cmath>

namespace roulade::grid {
namespace {

struct Settings {
  double rho = 7;
  RatioSpan span;
  void bind(Binder& b) {
    b.add("rho", rho, above(0), "larger: more of the steps at low noise");
    span.bind(b);
  }
};

/// sigma_j = (sigma_max^(1/rho) + j/(n-1) (sigma_min^(1/rho) - sigma_max^(1/rho)))^rho, t_j where sigma/alpha =
/// sigma_j, then 0. n = 1: sigma_max alone.
class Karras final : public Grid {
 public:
  explicit Karras(const Settings& s) : s_(s) {}

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    return s_.span.times("grid karras", schedule, n, [rho = s_.rho](double u, double high, double low) {
      return rho * std::log(std::lerp(std::pow(high, 1 / rho), std::pow(low, 1 / rho), u));
    });
  }

 private:
  Settings s_;
};

}  // namespace

Entry karras() {
  Entry entry;
  entry.name = "karras";
  entry.summary = "sigma^(1/rho) evenly spaced: short steps at low noise, then 0";
  entry.source = "Karras et al. 2022, Elucidating the Design Space of Diffusion-Based Generative Models, eq. 5";
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Karras>(s); });
}

}  // namespace roulade::grid
