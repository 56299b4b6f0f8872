// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/registry.hpp"

#include "roulade/eval/metric.hpp"

namespace roulade::eval {
namespace {

std::vector<Entry> list() {
  return {
#define ADD(name) name(),
#include "roulade/eval/list.hpp"
#undef ADD
  };
}

}  // namespace

const Registry<Entry>& registry() {
  static const Registry<Entry> table("metric", list());
  return table;
}

}  // namespace roulade::eval
