// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/registry.hpp"

#include "roulade/schedule/schedule.hpp"

namespace roulade::schedule {

const Registry<Entry>& registry() {
  static const Registry<Entry> entries("schedule", {
#define ADD(name) name(),
#include "roulade/schedule/list.hpp"
#undef ADD
                                                   });
  return entries;
}

}  // namespace roulade::schedule
