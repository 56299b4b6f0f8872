// SPDX-License-Identifier: Apache-2.0
#include "roulade/denoiser/prediction.hpp"

namespace roulade::denoiser {

const Registry<Entry>& registry() {
  static const Registry<Entry> table("prediction", {
#define ADD(name) name(),
#include "roulade/denoiser/list.hpp"
#undef ADD
                                                   });
  return table;
}

}  // namespace roulade::denoiser
