// SPDX-License-Identifier: Apache-2.0
#include "roulade/guidance/guidance.hpp"

namespace roulade::guidance {

const Registry<Entry>& registry() {
  static const Registry<Entry> table("guidance", {
#define ADD(name) name(),
#include "roulade/guidance/list.hpp"
#undef ADD
                                                 });
  return table;
}

}  // namespace roulade::guidance
