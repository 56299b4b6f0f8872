// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/ratio_span.hpp"

#include <cmath>

namespace roulade::grid {
namespace {

struct Settings {
  double rho = 1;
  RatioSpan span;
  void bind(Binder& b) {
    b.add("rho", rho, above(0), "power of the way left; 1 = exponential, larger: more of the steps at low noise");
    span.bind(b);
  }
};

/// log sigma_j = log sigma_min + (1 - j/(n-1))^rho (log sigma_max - log sigma_min), t_j where sigma/alpha = sigma_j,
/// then 0.
class Polyexponential final : public Grid {
 public:
  explicit Polyexponential(const Settings& s) : s_(s) {}

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    return s_.span.times("grid polyexponential", schedule, n, [rho = s_.rho](double u, double high, double low) {
      return std::lerp(std::log(low), std::log(high), std::pow(1 - u, rho));
    });
  }

 private:
  Settings s_;
};

}  // namespace

Entry polyexponential() {
  Entry entry;
  entry.name = "polyexponential";
  entry.summary = "log sigma as a power of the way left, then 0";
  entry.source = "Crowson, k-diffusion, get_sigmas_polyexponential";
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const Polyexponential>(s); });
}

}  // namespace roulade::grid
