// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/condition.hpp"

#include "roulade/core/error.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/slice.h>

namespace roulade {
namespace {

constexpr std::optional<Tensor> Condition::*kMembers[] = {
    &Condition::label, &Condition::tokens, &Condition::token_mask,  &Condition::pooled,
    &Condition::image, &Condition::sizes,  &Condition::beside_time, &Condition::text};

}  // namespace

Condition slice(const Condition& condition, int64_t first, int64_t count) {
  Condition out;
  for (auto member : kMembers)
    if (const auto& value = condition.*member) out.*member = at::slice(*value, 0, first, first + count);
  return out;
}

Condition select(const Condition& condition, const Tensor& rows) {
  Condition out;
  for (auto member : kMembers)
    if (const auto& value = condition.*member) out.*member = at::index_select(*value, 0, rows);
  return out;
}

Condition concatenate(const Condition& a, const Condition& b) {
  Condition out;
  for (auto member : kMembers) {
    const auto &x = a.*member, &y = b.*member;
    if (x.has_value() != y.has_value())
      fail(Code::usage, "condition", "the two conditions differ in their members", "both or neither to have each");
    if (x) out.*member = at::cat({*x, *y}, 0);
  }
  return out;
}

}  // namespace roulade
