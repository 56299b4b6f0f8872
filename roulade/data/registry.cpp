// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/registry.hpp"

#include "roulade/data/points.hpp"

namespace roulade::data {
namespace {

std::vector<Entry> list() {
  return {
#define ADD(name) name(),
#include "roulade/data/list.hpp"
#undef ADD
  };
}

}  // namespace

const Registry<Entry>& registry() {
  static const Registry<Entry> table("data", list());
  return table;
}

}  // namespace roulade::data
