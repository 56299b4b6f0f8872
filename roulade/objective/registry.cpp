// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/terms.hpp"

#define ADD(name) name(),

namespace roulade::objective::times {
const Registry<Entry>& registry() {
  static const Registry<Entry> table("times", {
#include "roulade/objective/times_list.hpp"
                                              });
  return table;
}
}  // namespace roulade::objective::times

namespace roulade::objective::weight {
const Registry<Entry>& registry() {
  static const Registry<Entry> table("weight", {
#include "roulade/objective/weight_list.hpp"
                                               });
  return table;
}
}  // namespace roulade::objective::weight

namespace roulade::objective::loss {
const Registry<Entry>& registry() {
  static const Registry<Entry> table("loss", {
#include "roulade/objective/loss_list.hpp"
                                             });
  return table;
}
}  // namespace roulade::objective::loss
