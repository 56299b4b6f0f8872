// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/registry.hpp"

#include "roulade/data/points.hpp"

namespace roulade::data {

const Registry<Entry>& registry() {
  static const Registry<Entry> table("data", {
#define ADD(name) name(),
#include "roulade/data/list.hpp"
#undef ADD
                                             });
  return table;
}

}  // namespace roulade::data
