// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sampler.hpp"

namespace roulade::sampler {

const Registry<Entry>& registry() {
  static const Registry<Entry> table("sampler", {
#define ADD(name) name(),
#include "roulade/sampler/list.hpp"
#undef ADD
                                                });
  return table;
}

}  // namespace roulade::sampler
