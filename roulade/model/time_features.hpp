// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/embedding.hpp"

#include <optional>
#include <string>

namespace roulade {

/// Features of a time as image networks are told it. "positional": sinusoidal_features; "fourier": sin and cos of
/// 2 pi f ln(sigma) with f ~ N(0, 16^2) drawn once and saved; "fourier_of_time": those of 2 pi f t with f ~ N(0, 1);
/// "learned": a table.   time: [B]; result: [B, width()]. Source: Ho et al. 2020, appendix B; fourier: Song et al.
/// 2021b, appendix.
struct TimeFeatures {
  struct Shape {
    std::string kind = "positional";
    int64_t width = 0;  ///< of positional and learned; both of fourier have twice as many
    bool flip = true;   ///< cosines first; not of fourier
    double shift = 0;
    int64_t rows = 0;  ///< of learned
  };

  TimeFeatures() = default;
  TimeFeatures(Initialiser& init, const Shape& shape);
  int64_t width() const { return shape.kind.starts_with("fourier") ? 2 * shape.width : shape.width; }
  Tensor forward(const Tensor& time) const;
  void list(NamedWeights& to, const std::string& prefix) const;

  Shape shape;
  Weight weight;
};

/// linear_2(silu(linear_1(features))).   features: [B, in]; result: [B, width].
struct TimeEmbedding {
  Linear linear_1, linear_2;

  TimeEmbedding() = default;
  TimeEmbedding(Initialiser& init, int64_t in, int64_t width)
      : linear_1(init, in, width), linear_2(init, width, width) {}
  Tensor forward(const Tensor& features) const;
  void list(NamedWeights& to, const std::string& prefix) const;
};

}  // namespace roulade
