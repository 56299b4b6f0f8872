// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "network_golden.hpp"
#include "roulade/model/unet.hpp"

#include <memory>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

namespace roulade::test {

constexpr int64_t kTokens = 7;

/// Two levels, tokens of width 12.
inline UnetConfig small() {
  UnetConfig c;
  c.block_out_channels = {16, 32};
  c.down_block_types = {"CrossAttnDownBlock2D", "DownBlock2D"};
  c.mid_block_type = "UNetMidBlock2DCrossAttn";
  c.up_block_types = {"UpBlock2D", "CrossAttnUpBlock2D"};
  c.norm_num_groups = 4;
  c.layers_per_block = 1;
  c.attention_head_dim = 4;
  c.cross_attention_dim = {12};
  return c;
}

struct Asked {
  Tensor x = rule("x", {2, 3, 8, 8}).to(at::kFloat), time = at::tensor({17.0F, 803.0F});
  Condition condition;

  Asked() { condition.tokens = rule("tokens", {2, kTokens, 12}).to(at::kFloat); }
  Tensor of(const Model& model) const {
    const at::NoGradGuard no_grad;
    return model.forward(x, time, condition);
  }
};

inline std::unique_ptr<Model> frozen(const UnetConfig& config) {
  auto model = make_unet(config, 1);
  fill(*model, at::kFloat);
  for (const auto& [name, weight] : model->parameters()) weight.stored().requires_grad_(false);
  return model;
}

}  // namespace roulade::test
