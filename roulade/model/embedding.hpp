// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/registry.hpp"
#include "roulade/model/linear.hpp"

#include <memory>

namespace roulade {

/// Turns a noise level into features.   noise_level: [B]; result: [B, width].
class NoiseEmbedding {
 public:
  virtual ~NoiseEmbedding() = default;
  virtual int64_t width() const = 0;
  virtual Tensor forward(const Tensor& noise_level) const = 0;
  /// The same for float32, row after row: out[i * stride + j] for noise_level[i], i < n.
  virtual void fill(int64_t n, const float* noise_level, float* out, int64_t stride) const = 0;
  virtual void list(NamedWeights& to, const std::string& prefix) const = 0;
};

/// [cos(k f_0), ..., sin(k f_0), ...] with f_j = max_period^(-j / (width/2 - shift)).   k: [B]; result: [B, width],
/// zero-padded when the width is odd. `flip` puts the cosines first. Source: Vaswani et al. 2017, section 3.5; Ho et
/// al. 2020, appendix B.
Tensor sinusoidal_features(const Tensor& k, int64_t width, double max_period = 10000, bool flip = true,
                           double shift = 0);

/// kind "raw": the number itself (width 1, what the article's network is told); "sinusoidal"; "fourier": cos and sin of
/// 2 pi f k with f ~ N(0, scale^2) drawn once and saved (Tancik et al. 2020); "none": nothing (width 0), for
/// networks that are told no noise level.
/// Throws Error(usage) for an unknown kind or an odd width.
std::unique_ptr<NoiseEmbedding> make_noise_embedding(const std::string& kind, Initialiser& init, int64_t width,
                                                     double fourier_scale);
const std::vector<std::string>& noise_embedding_kinds();

/// The row of a table of classes for each sample: its label, `none` for -1 and where no labels are given.   labels: [B]
/// int64; result: [B]. Throws Error(usage) for another shape, or labels not in -1..most.
Tensor label_rows(const std::optional<Tensor>& labels, int64_t batch, int64_t most, int64_t none);

/// Class features. Row `classes` of the table is "no class" (label -1).
struct LabelEmbedding {
  Embedding table;
  int64_t classes = 0;

  LabelEmbedding() = default;
  LabelEmbedding(Initialiser& init, int64_t classes, int64_t width);
  /// labels: [B] int64 in -1..classes-1, or absent: all -1. Throws Error(usage) beyond that.
  Tensor forward(const std::optional<Tensor>& labels, int64_t batch) const;
};

}  // namespace roulade
