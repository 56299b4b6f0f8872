// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/linear.hpp"
#include "roulade/text/encoder.hpp"

#include <optional>
#include <string>
#include <vector>

namespace roulade::text {

/// (x - mean) / sqrt(variance + eps) * weight + bias over the last axis. Source: Ba et al. 2016, eq. 4.
struct LayerNorm {
  Weight weight, bias;
  double eps = 1e-5;

  LayerNorm() = default;
  LayerNorm(Initialiser& init, int64_t width, double eps);  ///< weight 1, bias 0
  Tensor forward(const Tensor& x) const;
  void list(NamedWeights& to, const std::string& prefix) const;
};

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

/// What is added to the scores of attention, and what they are multiplied by.
struct AttentionRule {
  std::optional<Tensor> bias{};   ///< [N or 1, heads or 1, L or 1, L]
  bool causal = false;            ///< tokens see those before them alone; not beside a bias
  std::optional<double> scale{};  ///< absent = 1 / sqrt(width of a head)
};

/// softmax(scale Q K^T + bias) V by heads.   q, k, v: [N, L, heads d]; result: the same shape. Source: Vaswani et al.
/// 2017, section 3.2.
Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads, const AttentionRule& rule);

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
