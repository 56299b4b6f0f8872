// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/ratio_span.hpp"

#include <cmath>

namespace roulade::grid {
namespace {

/// atan sigma_j evenly spaced from atan sigma_max to atan sigma_min, t_j where sigma/alpha = sigma_j, then 0.
class KlOptimal final : public Grid {
 public:
  explicit KlOptimal(const RatioSpan& span) : span_(span) {}

  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    return span_.times("grid kl_optimal", schedule, n, [](double u, double high, double low) {
      return std::log(std::tan(std::lerp(std::atan(high), std::atan(low), u)));
    });
  }

 private:
  RatioSpan span_;
};

}  // namespace

Entry kl_optimal() {
  Entry entry;
  entry.name = "kl_optimal";
  entry.summary = "atan sigma evenly spaced, the best for Gaussian data of deviation 1, then 0";
  entry.source = "Sabour et al. 2024, Align Your Steps, theorem 3.1";
  return with_settings<Entry, RatioSpan>(entry,
                                         [](const RatioSpan& s) { return std::make_unique<const KlOptimal>(s); });
}

}  // namespace roulade::grid
