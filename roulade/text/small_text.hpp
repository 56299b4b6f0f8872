// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/text/encoder.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace roulade {

/// A transformer to be trained with the denoiser that it tells.
struct SmallTextConfig {
  int64_t vocabulary = 8192;
  int64_t positions = 64;  ///< tokens of a text
  int64_t width = 128;
  int64_t layers = 2;
  int64_t heads = 4;
  double dropout = 0;

  void bind(Binder& b);
  /// Throws Error(usage) naming the key where two do not fit together.
  void check() const;
};

/// A transformer with normalisation before each layer; every token sees all that count:
///     h_0 = token table[ids] + position table;  h += Attention(norm(h));  h += Mlp(norm(h)), once a layer;  norm(h)
/// Mlp: Linear gelu(Linear) over 4 width numbers. pooled: the mean of the states that count. Weights are drawn by
/// `seed`: tables from N(0, 0.02^2), each layer as PyTorch does, the last of each branch from 1 / sqrt(2 layers) of
/// that. Dropout over the tables' sum and both branches, in a TrainingPass. Source: Vaswani et al. 2017, section 3;
/// Radford et al. 2019, section 2.3, for normalisation and starting values.
std::unique_ptr<TextEncoder> make_small_text(const SmallTextConfig& config, uint64_t seed);

/// Writes FOLDER/config.json and FOLDER/model.safetensors, which open_text_encoder reads. Throws Error(io).
void write_small_text(const std::filesystem::path& folder, const SmallTextConfig& config, const NamedWeights& weights);

}  // namespace roulade
