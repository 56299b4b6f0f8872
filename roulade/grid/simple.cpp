// SPDX-License-Identifier: Apache-2.0
#include "roulade/grid/grid.hpp"
#include "roulade/grid/steps.hpp"

#include <cmath>

namespace roulade::grid {
namespace {

/// Discrete: the states T - floor(j T/n), j < n, then 0. Continuous: t_j = 1 - j/n.
class Simple final : public Grid {
 public:
  std::vector<double> times(const Schedule& schedule, int64_t n) const override {
    std::vector<double> out;
    if (schedule.states() == 0) {
      check_steps("grid simple", n);
      for (int64_t j = 0; j <= n; ++j) out.push_back(static_cast<double>(n - j) / static_cast<double>(n));
      return out;
    }
    check_states("grid simple", schedule, n);
    const auto last = static_cast<double>(schedule.states());
    const double stride = last / static_cast<double>(n);  // rounded before the product, as there
    for (int64_t j = 0; j < n; ++j) out.push_back(last - std::floor(static_cast<double>(j) * stride));
    return falling("grid simple", times_of_states(schedule, out));
  }
};

}  // namespace

Entry simple() {
  Entry entry;
  entry.name = "simple";
  entry.summary = "Equal strides down from t = 1; discrete: trailing with states rounded up";
  entry.source = "ComfyUI and A1111, scheduler simple";
  entry.make = [](Binder&) { return std::make_unique<const Simple>(); };
  return entry;
}

}  // namespace roulade::grid
