// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/kernel/point_network.hpp"
#include "roulade/model/point_input.hpp"

#include <optional>
#include <vector>

namespace roulade {

/// What the fused passes (kernel/point_network.hpp) need to know of a network on points.
class PointNetwork {
 public:
  /// layers: in the order of the shape; handles shared with the network. input: lives as long as this.
  PointNetwork(const kernel::PointNetworkShape& shape, std::vector<Linear> layers, const PointInput& input);

  const kernel::PointNetworkShape& shape() const { return shape_; }
  const std::vector<Linear>& layers() const { return layers_; }
  const PointInput& input() const { return *input_; }
  /// True while every weight is float32 as stored, so that the passes may read it in place.
  bool ready() const;
  std::vector<kernel::LayerValues> values() const;
  /// The network's answer without a graph, by the fused pass; absent where it cannot give it (gradients are recorded,
  /// another dtype, weights with corrections). Equals the plain expression to rounding.
  std::optional<Tensor> forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const;

 private:
  kernel::PointNetworkShape shape_;
  std::vector<Linear> layers_;
  const PointInput* input_;
};

}  // namespace roulade
