// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/grid/grid.hpp"

namespace roulade::grid {
namespace {

/// Only a name: the times follow from a model, which this layer does not know.
class Fitted final : public Grid {
 public:
  std::vector<double> times(const Schedule&, int64_t) const override {
    fail(Code::usage, "grid fitted", "times without a trained network", "a run's, or a list for custom");
  }
};

}  // namespace

Entry fitted() {
  Entry entry;
  entry.name = "fitted";
  entry.summary = "For each run anew: the times with the least sum of local errors along a few of its trajectories";
  entry.source = "after Chen et al. 2024, On the Trajectory Regularity of ODE-based Diffusion Sampling (GITS)";
  entry.make = [](Binder&) { return std::make_unique<const Fitted>(); };
  return entry;
}

}  // namespace roulade::grid
