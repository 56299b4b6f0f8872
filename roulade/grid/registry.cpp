// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/registry.hpp"

#include "roulade/grid/grid.hpp"

namespace roulade::grid {

const Registry<Entry>& registry() {
  static const Registry<Entry> entries("grid", {
#define ADD(name) name(),
#include "roulade/grid/list.hpp"
#undef ADD
                                               });
  return entries;
}

}  // namespace roulade::grid
