// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/conv.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace roulade {

/// The blocks of a small classifier of pictures, in order, each halving the sides where they are 4 or more.
struct PictureClassifierShape {
  std::vector<int64_t> picture;              ///< [channels, height, width]
  int64_t classes = 2;                       ///< at least 2
  std::vector<int64_t> widths{32, 64, 128};  ///< channels of each block, multiples of 8
  int64_t hidden = 128;                      ///< numbers that the classes are told by
};

/// Blocks of a 3x3 convolution, group normalisation, ReLU and a maximum over 2 x 2 places; the mean over a 3 x 3 raster
/// of what is left; a hidden layer with ReLU; a linear layer of classes. 241,000 weights for pictures of one channel
/// and ten classes.
class PictureClassifier {
 public:
  /// Throws Error(usage) for a shape that cannot be.
  PictureClassifier(const PictureClassifierShape& shape, uint64_t seed);

  const PictureClassifierShape& shape() const { return shape_; }
  /// x: float [B, channels, height, width], -1 to 1. Result: [B, hidden], at least 0.
  Tensor hidden(const Tensor& x) const;
  /// hidden: [B, hidden]. Result: [B, classes], whose softmax are the classes' probabilities.
  Tensor answers(const Tensor& hidden) const { return last_.forward(hidden); }
  NamedWeights parameters() const;

 private:
  struct Block {
    Conv2d conv;
    GroupNorm norm;
  };
  PictureClassifierShape shape_;
  std::vector<Block> blocks_;
  Linear hidden_, last_;
};

}  // namespace roulade
