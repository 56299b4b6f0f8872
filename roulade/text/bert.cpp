// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/bert.hpp"

#include "roulade/core/error.hpp"
#include "roulade/text/layers.hpp"

#include <algorithm>
#include <optional>

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

using text::blank_embedding;
using text::blank_linear;
using text::EncoderLayer;

constexpr auto kWhere = "text encoder bert";
constexpr double kLeastLength = 1e-12;  // below it a vector is not stretched to length 1, as PyTorch's normalize

/// x + mixed(x), normalised; then that + fed(that), normalised.
Tensor through(const EncoderLayer& layer, const Tensor& x, const AttentionRule& rule) {
  const Tensor h = layer.norm1.forward(layer.mixed(x, rule) + x);
  return layer.norm2.forward(layer.fed(h) + h);
}

void list(const EncoderLayer& layer, NamedWeights& to, const std::string& prefix) {
  layer.q.list(to, prefix + ".attention.self.query");
  layer.k.list(to, prefix + ".attention.self.key");
  layer.v.list(to, prefix + ".attention.self.value");
  layer.out.list(to, prefix + ".attention.output.dense");
  layer.norm1.list(to, prefix + ".attention.output.LayerNorm");
  layer.wide.list(to, prefix + ".intermediate.dense");
  layer.narrow.list(to, prefix + ".output.dense");
  layer.norm2.list(to, prefix + ".output.LayerNorm");
}

class Bert final : public TextEncoder {
 public:
  explicit Bert(const BertConfig& config)
      : config_(config),
        tokens_(blank_embedding(config.vocab_size, config.hidden_size)),
        places_(blank_embedding(config.max_position_embeddings, config.hidden_size)),
        types_(blank_embedding(config.type_vocab_size, config.hidden_size)) {
    config.check();
    Initialiser init(0);
    norm_ = LayerNorm(init, config.hidden_size, config.layer_norm_eps);
    for (int64_t i = 0; i < config.num_hidden_layers; ++i)
      layers_.emplace_back(init, config.hidden_size, config.intermediate_size, config.num_attention_heads,
                           config.layer_norm_eps, config.hidden_act);
    if (config.pooler) pooler_ = blank_linear(config.hidden_size, config.hidden_size);
  }

  EncodedText encode(const TextTokens& tokens) const override {
    text::check_tokens(kWhere, tokens, config_.vocab_size, config_.max_position_embeddings);
    const auto dtype = text::dtype_of(tokens_.weight);
    Tensor h = at::embedding(tokens_.weight.use(dtype), tokens.ids, config_.pad_token_id);
    h = h + types(tokens, dtype) + places_.weight.use(dtype).narrow(0, 0, tokens.ids.size(1));
    h = norm_.forward(h);
    const AttentionRule rule{.bias = text::key_bias(tokens.mask, dtype)};
    for (const EncoderLayer& layer : layers_) h = through(layer, h, rule);
    return {h, pooled(h, tokens.mask)};
  }

  int64_t width() const override { return config_.hidden_size; }
  int64_t pooled_width() const override { return config_.pooling == "none" ? 0 : config_.hidden_size; }
  int64_t positions() const override { return config_.max_position_embeddings; }
  int64_t vocabulary() const override { return config_.vocab_size; }

  NamedWeights parameters() const override {
    NamedWeights out;
    tokens_.list(out, "embeddings.word_embeddings");
    places_.list(out, "embeddings.position_embeddings");
    types_.list(out, "embeddings.token_type_embeddings");
    norm_.list(out, "embeddings.LayerNorm");
    for (size_t i = 0; i < layers_.size(); ++i) list(layers_[i], out, fmt::format("encoder.layer.{}", i));
    if (pooler_) pooler_->list(out, "pooler.dense");
    return out;
  }

 private:
  /// [N, L, width], or [width] where all are of the first type.
  Tensor types(const TextTokens& tokens, at::ScalarType dtype) const {
    if (!tokens.types.defined()) return types_.weight.use(dtype).select(0, 0);
    text::check_tokens(std::string(kWhere) + " types", {tokens.types}, config_.type_vocab_size, 0);
    if (tokens.types.sizes() != tokens.ids.sizes())
      fail(Code::usage, kWhere, "types", fmt::format("{}", tokens.ids.sizes().vec()),
           fmt::format("{}", tokens.types.sizes().vec()));
    return types_.forward(tokens.types, dtype);
  }

  Tensor pooled(const Tensor& h, const Tensor& mask) const {
    Tensor out;
    if (config_.pooling == "mean") {
      out = text::mean_of_counting(h, mask);
    } else if (config_.pooling != "none") {
      out = h.select(1, 0);
      if (config_.pooling == "pooler") out = pooler_->forward(out).tanh();
    }
    if (!out.defined() || !config_.normalise) return out;
    return out / at::linalg_vector_norm(out, 2, at::IntArrayRef{1}, true).clamp_min(kLeastLength);
  }

  BertConfig config_;
  Embedding tokens_, places_, types_;
  LayerNorm norm_;
  std::vector<EncoderLayer> layers_;
  std::optional<Linear> pooler_;
};

}  // namespace

const std::vector<std::string>& bert_poolings() {
  static const std::vector<std::string> names{"mean", "cls", "pooler", "none"};
  return names;
}

void BertConfig::bind(Binder& b) {
  b.add("vocab_size", vocab_size, at_least(1), "rows of the table of tokens");
  b.add("hidden_size", hidden_size, at_least(1), "numbers of a state");
  b.add("intermediate_size", intermediate_size, at_least(1), "numbers between a layer's two wide layers");
  b.add("num_hidden_layers", num_hidden_layers, at_least(1), "layers");
  b.add("num_attention_heads", num_attention_heads, at_least(1), "heads of each attention");
  b.add("max_position_embeddings", max_position_embeddings, at_least(1), "tokens of a text");
  b.add("type_vocab_size", type_vocab_size, at_least(1), "rows of the table of types");
  b.add("hidden_act", hidden_act, text::activation_names(), "activation between the wide layers");
  b.add("layer_norm_eps", layer_norm_eps, above(0), "added to variances");
  b.add("pad_token_id", pad_token_id, at_least(-1), "token whose row is not trained; -1 = none");
  b.add("position_embedding_type", position_embedding_type, {"absolute"}, "the only one that there is");
  b.add("is_decoder", is_decoder, "not computed");
  b.add("add_cross_attention", add_cross_attention, "not computed");
}

void BertConfig::check() const {
  if (is_decoder) fail(Code::usage, kWhere, "is_decoder", "false", "true");
  if (add_cross_attention) fail(Code::usage, kWhere, "add_cross_attention", "false", "true");
  if (hidden_size % num_attention_heads != 0)
    fail(Code::usage, kWhere, "num_attention_heads", fmt::format("a divisor of hidden_size, {}", hidden_size),
         fmt::format("{}", num_attention_heads));
  if (pad_token_id >= vocab_size)
    fail(Code::usage, kWhere, "pad_token_id", fmt::format("below vocab_size, {}", vocab_size),
         fmt::format("{}", pad_token_id));
  const auto& known = bert_poolings();
  if (std::find(known.begin(), known.end(), pooling) == known.end()) fail_unknown(kWhere, "pooling", pooling, known);
  if (pooling == "pooler" && !pooler)
    fail(Code::usage, kWhere, "pooling", "mean, cls or none: the weights have no pooler", pooling);
}

std::unique_ptr<TextEncoder> make_bert(const BertConfig& config) { return std::make_unique<Bert>(config); }

}  // namespace roulade
