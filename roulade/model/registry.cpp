// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/model.hpp"

namespace roulade {

int64_t Model::parameter_count() const {
  int64_t n = 0;
  for (const auto& [name, weight] : parameters())
    if (weight.stored().requires_grad()) n += weight.stored().numel();
  return n;
}

namespace model {

const Registry<Entry>& registry() {
#define ADD(name) name(),
  static const Registry<Entry> table("model", {
#include "roulade/model/list.hpp"
                                              });
#undef ADD
  return table;
}

}  // namespace model
}  // namespace roulade
