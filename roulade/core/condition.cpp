// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/condition.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/slice.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

/// x: [B, L, ...], with zeros behind it: [B, length, ...].
Tensor padded(const Tensor& x, int64_t length) {
  if (x.size(1) == length) return x;
  std::vector<int64_t> rest = x.sizes().vec();
  rest[1] = length - x.size(1);
  return at::cat({x, at::zeros(rest, x.options().requires_grad(false))}, 1);
}

/// Tokens of one length, with a mask where one had a mask or was padded; a mask counts all tokens where none was.
void make_even(Condition& a, Condition& b) {
  if (!a.tokens || !b.tokens) return;
  for (const Condition* c : {&a, &b})
    if (c->tokens->dim() != 3)
      fail(Code::usage, "condition", "tokens", "[B, L, D]", fmt::format("{} axes", c->tokens->dim()));
  if (a.tokens->size(2) != b.tokens->size(2))
    fail(Code::usage, "condition", "width of the tokens of two conditions", fmt::format("{}", a.tokens->size(2)),
         fmt::format("{}", b.tokens->size(2)));
  const int64_t length = std::max(a.tokens->size(1), b.tokens->size(1));
  if (a.tokens->size(1) == b.tokens->size(1) && a.token_mask.has_value() == b.token_mask.has_value()) return;
  const auto& known = a.token_mask ? a.token_mask : b.token_mask;
  const auto kind = known ? known->options() : a.tokens->options().dtype(at::kBool).requires_grad(false);
  for (Condition* c : {&a, &b}) {
    if (!c->token_mask) c->token_mask = at::ones({c->tokens->size(0), c->tokens->size(1)}, kind);
    if (c->token_mask->dim() != 2 || c->token_mask->size(1) != c->tokens->size(1))
      fail(Code::usage, "condition", "token_mask", fmt::format("[B, {}], as the tokens", c->tokens->size(1)),
           fmt::format("[{}]", fmt::join(c->token_mask->sizes(), ", ")));
    c->token_mask = padded(*c->token_mask, length);
    c->tokens = padded(*c->tokens, length);
  }
}

}  // namespace

Condition slice(const Condition& condition, int64_t first, int64_t count) {
  Condition out;
  for (auto member : kConditionMembers)
    if (const auto& value = condition.*member) out.*member = at::slice(*value, 0, first, first + count);
  return out;
}

Condition select(const Condition& condition, const Tensor& rows) {
  Condition out;
  for (auto member : kConditionMembers)
    if (const auto& value = condition.*member) out.*member = at::index_select(*value, 0, rows);
  return out;
}

Condition concatenate(const Condition& first, const Condition& second) {
  Condition a = first, b = second, out;
  make_even(a, b);
  for (auto member : kConditionMembers) {
    const auto &x = a.*member, &y = b.*member;
    if (x.has_value() != y.has_value())
      fail(Code::usage, "condition", "the two conditions differ in their members", "both or neither to have each");
    if (x) out.*member = at::cat({*x, *y}, 0);
  }
  return out;
}

}  // namespace roulade
