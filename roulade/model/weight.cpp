// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/weight.hpp"

#include "roulade/core/error.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/mm.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {

Weight::Weight(Tensor value) : state_(std::make_shared<State>(State{std::move(value), std::nullopt})) {}

const Tensor& Weight::stored() const {
  if (!state_) fail(Code::internal, "weight", "an empty handle was used");
  return state_->value;
}

bool Weight::bare() const {
  const Tensor& value = stored();
  return value.scalar_type() == at::kFloat && value.is_contiguous() && !state_->delta;
}

void Weight::store(Tensor value) {
  if (value.sizes() != stored().sizes())
    fail(Code::usage, "weight", "shape", fmt::format("{}", stored().sizes().vec()),
         fmt::format("{}", value.sizes().vec()));
  state_->value = std::move(value);
}

Tensor Weight::use(at::ScalarType dtype) const {
  const Tensor& value = stored();
  if (!state_->delta) return value.scalar_type() == dtype ? value : value.to(dtype);
  const LowRank& delta = *state_->delta;
  const Tensor full = at::mm(delta.up.to(dtype), delta.down.to(dtype).flatten(1)).view(value.sizes());
  return at::add(value.to(dtype), full, delta.scale);
}

void Weight::correct(std::optional<LowRank> delta) {
  const Tensor& value = stored();
  if (delta) {
    const Tensor &up = delta->up, &down = delta->down;
    const bool fits = value.dim() >= 2 && up.dim() == 2 && down.dim() >= 2 && up.size(0) == value.size(0) &&
                      up.size(1) == down.size(0) && down.numel() == down.size(0) * (value.numel() / value.size(0));
    if (!fits)
      fail(Code::usage, "weight", "shapes of a low-rank correction",
           fmt::format("up [{}, r], down [r, ...] for a weight {}", value.dim() ? value.size(0) : 0,
                       value.sizes().vec()),
           fmt::format("up {}, down {}", up.sizes().vec(), down.sizes().vec()));
  }
  state_->delta = std::move(delta);
}

}  // namespace roulade
