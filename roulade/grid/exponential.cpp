// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/ratio_span.hpp"

#include <cmath>

namespace roulade::grid {
namespace {

/// log sigma_j evenly spaced from sigma_max to sigma_min, t_j where sigma/alpha = sigma_j, then 0: the limit of karras
/// for large rho; log_snr with ends of one's own.
class Exponential final : public Grid {
 public:
  explicit Exponential(const RatioSpan& span) : span_(span) {}

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    return span_.times("grid exponential", schedule, n,
                       [](double u, double high, double low) { return std::lerp(std::log(high), std::log(low), u); });
  }

 private:
  RatioSpan span_;
};

}  // namespace

Entry exponential() {
  Entry entry;
  entry.name = "exponential";
  entry.summary = "log sigma evenly spaced between ends of one's own, then 0";
  entry.source = "Lu et al. 2022, DPM-Solver: A Fast ODE Solver for Diffusion Probabilistic Models, section 3.4";
  return with_settings<Entry, RatioSpan>(entry,
                                         [](const RatioSpan& s) { return std::make_unique<const Exponential>(s); });
}

}  // namespace roulade::grid
