// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/folded_conv.hpp"

#include <map>
#include <string>

namespace roulade {

/// Inception-v3 as the Fréchet inception distance knows it, for inference: the network of inception-2015-12-05.tgz,
/// where average pools do not count their padding and the last block pools by the maximum.
/// Source: Szegedy et al. 2015; layers and tensor names of pytorch-fid 0.3.0 (pt_inception-2015-12-05-6726825d.pth).
/// Const calls are thread-safe.
class FidInception {
 public:
  static constexpr int64_t kWidth = 2048;

  /// Throws Error(input) for a tensor that is missing or of another shape; the last layer, fc, may be missing.
  explicit FidInception(const NamedTensors& weights);
  /// The means over all places behind the last block ("pool3"). x: float [n, 3, H, W], values -1 to 1; 299 x 299 is
  /// what it was trained at. Result: [n, 2048].
  Tensor features(const Tensor& x) const;

 private:
  /// A convolution with its normalisation and ReLU.
  Tensor layer(const std::string& name, const Tensor& x) const;
  Tensor chain(const std::string& block, std::initializer_list<const char*> names, Tensor x) const;
  Tensor block_a(const std::string& name, const Tensor& x) const;
  Tensor block_b(const std::string& name, const Tensor& x) const;
  Tensor block_c(const std::string& name, const Tensor& x) const;
  Tensor block_d(const std::string& name, const Tensor& x) const;
  Tensor block_e(const std::string& name, const Tensor& x, bool maximum) const;

  std::map<std::string, FoldedConv> layers_;
};

}  // namespace roulade
