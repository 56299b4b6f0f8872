// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/registry.hpp"
#include "roulade/schedule/schedule.hpp"

#include <memory>
#include <vector>

namespace roulade {

/// Which n + 1 times sampling visits: strictly falling, from the noisiest time to 0.
class Grid {
 public:
  virtual ~Grid() = default;
  /// n steps. Throws Error(usage) when n < 1 (a custom grid takes 0 for its own length) or when two neighbours would be
  /// equal (more steps than a discrete schedule has states).
  virtual std::vector<double> times(const Schedule& schedule, int64_t n) const = 0;
};

namespace grid {

using Entry = Factory<Grid>;
const Registry<Entry>& registry();

#define ADD(name) Entry name();
#include "roulade/grid/list.hpp"
#undef ADD

}  // namespace grid
}  // namespace roulade
