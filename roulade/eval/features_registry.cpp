// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/features.hpp"

namespace roulade::features {
namespace {

std::vector<Entry> list() {
  return {
#define ADD(name) name(),
#include "roulade/eval/feature_list.hpp"
#undef ADD
  };
}

}  // namespace

const Registry<Entry>& registry() {
  static const Registry<Entry> table("features", list());
  return table;
}

}  // namespace roulade::features
