// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/clip_text.hpp"

#include "roulade/core/error.hpp"
#include "roulade/text/layers.hpp"

#include <optional>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

namespace roulade {
namespace {

using text::blank_linear;
using text::EncoderLayer;

constexpr auto kWhere = "text encoder clip_text";

/// x + mixed(normalised x); then that + fed(normalised that).
Tensor through(const EncoderLayer& layer, const Tensor& x, const AttentionRule& rule) {
  const Tensor h = x + layer.mixed(layer.norm1.forward(x), rule);
  return h + layer.fed(layer.norm2.forward(h));
}

void list(const EncoderLayer& layer, NamedWeights& to, const std::string& prefix) {
  layer.k.list(to, prefix + ".self_attn.k_proj");
  layer.v.list(to, prefix + ".self_attn.v_proj");
  layer.q.list(to, prefix + ".self_attn.q_proj");
  layer.out.list(to, prefix + ".self_attn.out_proj");
  layer.norm1.list(to, prefix + ".layer_norm1");
  layer.wide.list(to, prefix + ".mlp.fc1");
  layer.narrow.list(to, prefix + ".mlp.fc2");
  layer.norm2.list(to, prefix + ".layer_norm2");
}

/// Causal attention; with a mask as one bias of both. The first token must count, so that every row of scores has one.
AttentionRule causal_rule(const Tensor& mask, int64_t length, at::ScalarType dtype) {
  const auto keys = text::key_bias(mask, dtype);
  if (!keys) return {.causal = true};
  if (!mask.select(1, 0).all().item<bool>()) fail(Code::usage, kWhere, "mask", "the first token of a text to count");
  const Tensor later = at::ones({length, length}, at::kBool).triu(1);
  return {.bias = *keys + at::zeros({length, length}, dtype).masked_fill(later, -INFINITY)};
}

class ClipText final : public TextEncoder {
 public:
  explicit ClipText(const ClipTextConfig& config)
      : config_(config),
        tokens_(text::blank_embedding(config.vocab_size, config.hidden_size)),
        places_(text::blank_embedding(config.max_position_embeddings, config.hidden_size)) {
    config.check();
    Initialiser init(0);
    for (int64_t i = 0; i < config.num_hidden_layers; ++i)
      layers_.emplace_back(init, config.hidden_size, config.intermediate_size, config.num_attention_heads,
                           config.layer_norm_eps, config.hidden_act);
    final_ = LayerNorm(init, config.hidden_size, config.layer_norm_eps);
    if (config.projection) projection_ = blank_linear(config.hidden_size, config.projection_dim, false);
  }

  EncodedText encode(const TextTokens& tokens) const override {
    text::check_tokens(kWhere, tokens, config_.vocab_size, config_.max_position_embeddings);
    const auto dtype = text::dtype_of(tokens_.weight);
    const int64_t length = tokens.ids.size(1);
    Tensor h = tokens_.forward(tokens.ids, dtype) + places_.weight.use(dtype).narrow(0, 0, length);
    const AttentionRule rule = causal_rule(tokens.mask, length, dtype);
    Tensor asked;
    for (size_t i = 0; i < layers_.size(); ++i) {
      h = through(layers_[i], h, rule);
      if (static_cast<int64_t>(layers_.size() - i) == config_.clip_skip) asked = h;
    }
    const Tensor last = final_.forward(h);
    if (config_.final_norm) asked = config_.clip_skip == 1 ? last : final_.forward(asked);
    return {asked, pooled(last, tokens.ids)};
  }

  int64_t width() const override { return config_.hidden_size; }
  int64_t pooled_width() const override { return config_.projection ? config_.projection_dim : config_.hidden_size; }
  int64_t positions() const override { return config_.max_position_embeddings; }
  int64_t vocabulary() const override { return config_.vocab_size; }

  NamedWeights parameters() const override {
    NamedWeights out;
    tokens_.list(out, "text_model.embeddings.token_embedding");
    places_.list(out, "text_model.embeddings.position_embedding");
    for (size_t i = 0; i < layers_.size(); ++i) list(layers_[i], out, fmt::format("text_model.encoder.layers.{}", i));
    final_.list(out, "text_model.final_layer_norm");
    if (projection_) projection_->list(out, "text_projection");
    return out;
  }

 private:
  Tensor pooled(const Tensor& last, const Tensor& ids) const {
    // Of equal numbers argmax names the first.
    const Tensor where =
        config_.eos_token_id == 2 ? at::argmax(ids, 1) : at::argmax(ids.eq(config_.eos_token_id).to(at::kInt), 1);
    const Tensor state = last.gather(1, where.view({-1, 1, 1}).expand({-1, 1, last.size(2)})).squeeze(1);
    return projection_ ? projection_->forward(state) : state;
  }

  ClipTextConfig config_;
  Embedding tokens_, places_;
  std::vector<EncoderLayer> layers_;
  LayerNorm final_;
  std::optional<Linear> projection_;
};

}  // namespace

void ClipTextConfig::bind(Binder& b) {
  b.add("vocab_size", vocab_size, at_least(1), "rows of the table of tokens");
  b.add("hidden_size", hidden_size, at_least(1), "numbers of a state");
  b.add("intermediate_size", intermediate_size, at_least(1), "numbers between a layer's two wide layers");
  b.add("num_hidden_layers", num_hidden_layers, at_least(1), "layers");
  b.add("num_attention_heads", num_attention_heads, at_least(1), "heads of each attention");
  b.add("max_position_embeddings", max_position_embeddings, at_least(1), "tokens of a text");
  b.add("hidden_act", hidden_act, text::activation_names(), "activation between the wide layers");
  b.add("layer_norm_eps", layer_norm_eps, above(0), "added to variances");
  b.add("eos_token_id", eos_token_id, at_least(0), "token whose state is pooled; 2 = the largest id's");
  b.add("projection_dim", projection_dim, at_least(0), "numbers of the projected pooled state");
}

void ClipTextConfig::check() const {
  if (hidden_size % num_attention_heads != 0)
    fail(Code::usage, kWhere, "num_attention_heads", fmt::format("a divisor of hidden_size, {}", hidden_size),
         fmt::format("{}", num_attention_heads));
  if (projection && projection_dim < 1)
    fail(Code::usage, kWhere, "projection_dim", "at least 1", fmt::format("{}", projection_dim));
  if (clip_skip < 1 || clip_skip > num_hidden_layers)
    fail(Code::usage, kWhere, "clip_skip", fmt::format("1 to {}, the layers", num_hidden_layers),
         fmt::format("{}", clip_skip));
}

std::unique_ptr<TextEncoder> make_clip_text(const ClipTextConfig& config) { return std::make_unique<ClipText>(config); }

}  // namespace roulade
