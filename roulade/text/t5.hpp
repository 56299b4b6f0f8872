// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/text/encoder.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace roulade {

/// The keys of transformers' T5Config (5.24.0) that change the encoder's arithmetic, by its names and with its
/// defaults.
struct T5Config {
  int64_t vocab_size = 32128;
  int64_t d_model = 512, d_kv = 64, d_ff = 2048;
  int64_t num_layers = 6, num_heads = 8;
  int64_t relative_attention_num_buckets = 32, relative_attention_max_distance = 128;
  double layer_norm_epsilon = 1e-6;
  std::string feed_forward_proj = "relu";  ///< "relu" (T5), "gated-gelu" (T5 1.1)
  bool is_decoder = false;

  void bind(Binder& b);
  bool gated() const { return feed_forward_proj == "gated-gelu"; }
  /// Throws Error(usage) naming the key for what is not computed, and where two do not fit together.
  void check() const;
};

/// transformers' T5EncoderModel: the same arithmetic and tensor names (shared.weight, encoder....). Normalisation
/// before each layer, without means and biases; scores are not scaled, and a bias by the distance of two tokens is
/// added to them:
///     h_0 = table[ids];  h += O softmax(Q K^T + bias) V of norm(h);  h += Mlp(norm(h)), once a layer;  norm(h)
/// Mlp: Wo relu(Wi x), or Wo (gelu_new(Wi_0 x) * (Wi_1 x)). The bias is the first layer's table of buckets. Dropout is
/// not computed, in training neither. It pools nothing. Weights are 0 until they are filled. Source: Raffel et al.
/// 2020, section 2.1; Shazeer 2020, eq. 6.
std::unique_ptr<TextEncoder> make_t5(const T5Config& config);

/// The bucket of each distance j - i between a token i and one j that it looks at, [length, length] int64 in
/// 0..buckets-1: half of them for j > i, of each half the first half for distances one by one, the others ever wider up
/// to max_distance. In float32, as transformers counts them.   buckets: a multiple of 4; max_distance > buckets / 4.
Tensor t5_buckets(int64_t length, int64_t buckets, int64_t max_distance);

}  // namespace roulade
