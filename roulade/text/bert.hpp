// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/text/encoder.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace roulade {

/// The keys of transformers' BertConfig (5.24.0) that change the arithmetic, by its names and with its defaults.
struct BertConfig {
  int64_t vocab_size = 30522;
  int64_t hidden_size = 768, intermediate_size = 3072;
  int64_t num_hidden_layers = 12, num_attention_heads = 12;
  int64_t max_position_embeddings = 512, type_vocab_size = 2;
  std::string hidden_act = "gelu";
  double layer_norm_eps = 1e-12;
  int64_t pad_token_id = 0;                          ///< whose row of the table gets no gradient; -1 = none
  std::string position_embedding_type = "absolute";  ///< the only one
  bool is_decoder = false, add_cross_attention = false;
  bool pooler = true;              ///< the weights have a pooler; in no config.json, as what follows
  std::string pooling = "pooler";  ///< TextAnswer
  bool normalise = false;          ///< TextAnswer

  void bind(Binder& b);
  /// Throws Error(usage) naming the key for what is not computed, and where two do not fit together.
  void check() const;
};

/// "mean", "cls", "pooler", "none".
const std::vector<std::string>& bert_poolings();

/// transformers' BertModel: the same arithmetic and tensor names. A transformer with normalisation behind each layer;
/// every token sees all that count.
///     h_0 = norm(token table[ids] + type table[types] + position table)
///     h = norm(h + Attention(h));  h = norm(h + Mlp(h)), once a layer
/// Dropout is not computed, in training neither. pooled: "mean" = sum of the states that count / their number
/// (sentence-transformers' mean pooling), "cls" = the first token's state, "pooler" = tanh(Linear(that)). Weights are 0
/// until they are filled. Source: Devlin et al. 2019, section 3; Reimers and Gurevych 2019, section 3.
std::unique_ptr<TextEncoder> make_bert(const BertConfig& config);

}  // namespace roulade
