// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/attention.hpp"
#include "roulade/model/layer_norm.hpp"
#include "roulade/text/encoder.hpp"

#include <optional>
#include <string>
#include <vector>

namespace roulade::text {

/// x / sqrt(mean of x^2 + eps) * weight over the last axis. Source: Zhang and Sennrich 2019, eq. 4.
struct RmsNorm {
  Weight weight;
  double eps = 1e-6;

  RmsNorm() = default;
  RmsNorm(Initialiser& init, int64_t width, double eps);  ///< weight 1
  Tensor forward(const Tensor& x) const;
  void list(NamedWeights& to, const std::string& prefix) const;
};

/// transformers' activations by name: "gelu" = x Phi(x), "gelu_new" and "gelu_pytorch_tanh" its approximation by tanh,
/// "quick_gelu" = x sigmoid(1.702 x), "relu". Source: Hendrycks and Gimpel 2016.
const std::vector<std::string>& activation_names();
Tensor activation(const std::string& name, const Tensor& x);

/// A layer and a table of which all weights are 0, in no memory, until others are stored: what a file holds need not be
/// drawn first.
Linear blank_linear(int64_t in, int64_t out, bool bias = true);
Embedding blank_embedding(int64_t rows, int64_t width);

/// The weights of a layer of BERT or CLIP, and its two halves. Where the normalisations stand, and what the file calls
/// each, is the network's.
struct EncoderLayer {
  LayerNorm norm1, norm2;
  Linear q, k, v, out, wide, narrow;
  int64_t heads = 1;
  std::string act;

  EncoderLayer(Initialiser& init, int64_t width, int64_t between, int64_t heads, double eps, const std::string& act);
  Tensor mixed(const Tensor& x, const AttentionRule& rule) const;  ///< out(attend(q(x), k(x), v(x)))
  Tensor fed(const Tensor& x) const;                               ///< narrow(act(wide(x)))
};

/// 0 where a token counts, -inf where it does not, [N, 1, 1, L]; none where all count or `mask` is undefined.
std::optional<Tensor> key_bias(const Tensor& mask, at::ScalarType dtype);

/// The mean of the states of the tokens that count.   x: [N, L, width]; mask: [N, L] bool, undefined = all; result:
/// [N, width].
Tensor mean_of_counting(const Tensor& x, const Tensor& mask);

/// Throws Error(usage) naming `where` for tokens that TextEncoder::encode refuses.   vocabulary: ids are below it;
/// positions: see TextEncoder::positions.
void check_tokens(const std::string& where, const TextTokens& tokens, int64_t vocabulary, int64_t positions);

/// What a network computes in: float64 where the weight is, else float32.
at::ScalarType dtype_of(const Weight& weight);

}  // namespace roulade::text
