// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/text_states.hpp"

#include <algorithm>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

namespace roulade {
namespace {

/// The states of row i's tokens that count, [n, width].
Tensor tokens_of_row(const TextStates& of, int64_t i) {
  return of.mask.defined() ? of.states[i].narrow(0, 0, of.mask[i].sum().item<int64_t>()) : of.states[i];
}

/// [n, width] with the last row again and again, until there are `length`.
Tensor filled_up(const Tensor& states, int64_t length) {
  const int64_t n = states.size(0);
  if (n == length) return states;
  return at::cat({states, states.narrow(0, n - 1, 1).expand({length - n, -1})});
}

Tensor mix(const Tensor& from, const Tensor& to, double share) {
  if (share == 0) return from;
  if (share == 1) return to;
  return (1 - share) * from + share * to;
}

}  // namespace

TextStates side_by_side(const std::vector<Tensor>& rows) {
  const auto count = static_cast<int64_t>(rows.size());
  int64_t longest = 0, shortest = std::numeric_limits<int64_t>::max();
  for (const Tensor& row : rows) {
    longest = std::max(longest, row.size(0));
    shortest = std::min(shortest, row.size(0));
  }
  TextStates out;
  if (longest == shortest) {
    out.states = at::stack(rows);
    return out;
  }
  out.states = at::zeros({count, longest, rows.front().size(1)}, rows.front().options());
  out.mask = at::zeros({count, longest}, at::kBool);
  for (int64_t i = 0; i < count; ++i) {
    const Tensor& row = rows[static_cast<size_t>(i)];
    out.states[i].narrow(0, 0, row.size(0)).copy_(row);
    out.mask[i].narrow(0, 0, row.size(0)).fill_(true);
  }
  return out;
}

TextStates mix_states(const TextStates& from, const TextStates& to, std::span<const double> shares) {
  const auto count = static_cast<int64_t>(shares.size());
  std::vector<Tensor> rows, pooled;
  for (int64_t i = 0; i < count; ++i) {
    const double share = shares[static_cast<size_t>(i)];
    const Tensor a = tokens_of_row(from, i), b = tokens_of_row(to, i);
    const int64_t length = std::max(a.size(0), b.size(0));
    const bool whole = share == 0 || share == 1;  // such a text keeps its length
    rows.push_back(whole ? mix(a, b, share) : mix(filled_up(a, length), filled_up(b, length), share));
    if (from.pooled.defined()) pooled.push_back(mix(from.pooled[i], to.pooled[i], share));
  }
  TextStates out = side_by_side(rows);
  if (!pooled.empty()) out.pooled = at::stack(pooled);
  return out;
}

}  // namespace roulade
