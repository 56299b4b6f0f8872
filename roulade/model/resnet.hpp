// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/conv.hpp"
#include "roulade/model/resample.hpp"

#include <optional>
#include <string>

namespace roulade {

/// silu, gelu, mish or relu (swish = silu).
enum class Activation2d { silu, gelu, mish, relu };
Activation2d activation_of(const std::string& name);  ///< throws Error(usage) for another name
Tensor activate(const Tensor& x, Activation2d how);

/// The residual block of a U-Net, told a time embedding e:
///   h = conv1(resample(act(norm1(x)))) + W act(e);  h = conv2(act(norm2(h)));  result (shortcut(resample(x)) + h) /
///   scale
/// or with scale_shift (s, b) = W act(e), h = conv2(act(norm2(h) (1 + s) + b)).   x: [B, in, H, W]; e: [B, embedding];
/// result: [B, out, H', W']. The shortcut is a 1x1 convolution where in != out or `shortcut` asks for it.
/// Tensor names are diffusers'. Source: Ho et al. 2020, appendix B; scale and shift: Dhariwal and Nichol 2021,
/// section 3.
struct ResnetBlock {
  struct Shape {
    int64_t in = 0, out = 0;
    int64_t embedding = 0;                ///< width of e; 0 = told none
    int64_t groups = 32, groups_out = 0;  ///< groups_out = 0: groups
    double eps = 1e-6;
    Activation2d activation = Activation2d::silu;
    bool scale_shift = false;
    double scale = 1;
    double dropout = 0;  ///< of what the second convolution reads, inside a TrainingPass
    bool shortcut = false;
    Resample down = Resample::none, up = Resample::none;
  };

  ResnetBlock() = default;
  /// The second convolution starts at 0. `where` names the block in errors.
  ResnetBlock(Initialiser& init, const Shape& shape, const std::string& where);
  Tensor forward(const Tensor& x, const Tensor& embedding) const;
  void list(NamedWeights& to, const std::string& prefix) const;

 private:
  Shape shape_;
  GroupNorm norm1_, norm2_;
  Conv2d conv1_, conv2_;
  std::optional<Linear> time_emb_proj_;
  std::optional<Conv2d> conv_shortcut_;
};

}  // namespace roulade
