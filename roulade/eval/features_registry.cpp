// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/features.hpp"

namespace roulade::features {

#define ADD(name) Entry name();
#include "roulade/eval/feature_list.hpp"
#undef ADD

const Registry<Entry>& registry() {
#define ADD(name) name(),
  static const Registry<Entry> table("features", {
#include "roulade/eval/feature_list.hpp"
                                                 });
#undef ADD
  return table;
}

}  // namespace roulade::features
