// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/t5.hpp"

#include "roulade/core/error.hpp"
#include "roulade/text/layers.hpp"

#include <cmath>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/log.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>

namespace roulade {
namespace {

using text::blank_linear;
using text::RmsNorm;

constexpr auto kWhere = "text encoder t5";

class T5Block {
 public:
  T5Block(Initialiser& init, const T5Config& c)
      : mix_norm_(init, c.d_model, c.layer_norm_epsilon),
        norm_(init, c.d_model, c.layer_norm_epsilon),
        q_(blank_linear(c.d_model, c.num_heads * c.d_kv, false)),
        k_(blank_linear(c.d_model, c.num_heads * c.d_kv, false)),
        v_(blank_linear(c.d_model, c.num_heads * c.d_kv, false)),
        o_(blank_linear(c.num_heads * c.d_kv, c.d_model, false)),
        wi_(blank_linear(c.d_model, c.d_ff, false)),
        wo_(blank_linear(c.d_ff, c.d_model, false)),
        heads_(c.num_heads),
        gated_(c.gated()) {
    if (gated_) gate_ = blank_linear(c.d_model, c.d_ff, false);
  }

  Tensor forward(const Tensor& x, const AttentionRule& rule) const {
    const Tensor normal = mix_norm_.forward(x);
    const Tensor mixed = attend(q_.forward(normal), k_.forward(normal), v_.forward(normal), heads_, rule);
    const Tensor h = x + o_.forward(mixed), in = norm_.forward(h);
    const Tensor wide = gated_ ? text::activation("gelu_new", gate_.forward(in)) * wi_.forward(in)
                               : text::activation("relu", wi_.forward(in));
    return h + wo_.forward(wide);
  }

  /// bias: the table of buckets where this block has it.
  void list(NamedWeights& to, const std::string& prefix, const Embedding* bias) const {
    q_.list(to, prefix + ".layer.0.SelfAttention.q");
    k_.list(to, prefix + ".layer.0.SelfAttention.k");
    v_.list(to, prefix + ".layer.0.SelfAttention.v");
    o_.list(to, prefix + ".layer.0.SelfAttention.o");
    if (bias != nullptr) bias->list(to, prefix + ".layer.0.SelfAttention.relative_attention_bias");
    mix_norm_.list(to, prefix + ".layer.0.layer_norm");
    if (gated_) gate_.list(to, prefix + ".layer.1.DenseReluDense.wi_0");
    wi_.list(to, prefix + (gated_ ? ".layer.1.DenseReluDense.wi_1" : ".layer.1.DenseReluDense.wi"));
    wo_.list(to, prefix + ".layer.1.DenseReluDense.wo");
    norm_.list(to, prefix + ".layer.1.layer_norm");
  }

 private:
  RmsNorm mix_norm_, norm_;
  Linear q_, k_, v_, o_, gate_, wi_, wo_;
  int64_t heads_;
  bool gated_;
};

class T5 final : public TextEncoder {
 public:
  explicit T5(const T5Config& config)
      : config_(config),
        tokens_(text::blank_embedding(config.vocab_size, config.d_model)),
        distances_(text::blank_embedding(config.relative_attention_num_buckets, config.num_heads)) {
    config.check();
    Initialiser init(0);
    for (int64_t i = 0; i < config.num_layers; ++i) blocks_.emplace_back(init, config);
    final_ = RmsNorm(init, config.d_model, config.layer_norm_epsilon);
  }

  EncodedText encode(const TextTokens& tokens) const override {
    text::check_tokens(kWhere, tokens, config_.vocab_size, 0);
    const auto dtype = text::dtype_of(tokens_.weight);
    Tensor h = tokens_.forward(tokens.ids, dtype);
    AttentionRule rule{.bias = distance_bias(tokens.ids.size(1), dtype), .scale = 1.0};
    if (const auto keys = text::key_bias(tokens.mask, dtype)) rule.bias = *rule.bias + *keys;
    for (const T5Block& block : blocks_) h = block.forward(h, rule);
    return {final_.forward(h)};
  }

  int64_t width() const override { return config_.d_model; }
  int64_t pooled_width() const override { return 0; }
  int64_t positions() const override { return 0; }
  int64_t vocabulary() const override { return config_.vocab_size; }

  NamedWeights parameters() const override {
    NamedWeights out;
    tokens_.list(out, "shared");
    for (size_t i = 0; i < blocks_.size(); ++i)
      blocks_[i].list(out, fmt::format("encoder.block.{}", i), i == 0 ? &distances_ : nullptr);
    final_.list(out, "encoder.final_layer_norm");
    return out;
  }

 private:
  /// [1, heads, L, L].
  Tensor distance_bias(int64_t length, at::ScalarType dtype) const {
    const Tensor buckets =
        t5_buckets(length, config_.relative_attention_num_buckets, config_.relative_attention_max_distance);
    return distances_.forward(buckets, dtype).permute({2, 0, 1}).unsqueeze(0);
  }

  T5Config config_;
  Embedding tokens_, distances_;
  std::vector<T5Block> blocks_;
  RmsNorm final_;
};

}  // namespace

Tensor t5_buckets(int64_t length, int64_t buckets, int64_t max_distance) {
  const int64_t half = buckets / 2, single = half / 2;
  const Tensor places = at::arange(length, at::kLong), between = places.unsqueeze(0) - places.unsqueeze(1);
  const Tensor distance = between.abs();
  const double span = std::log(static_cast<double>(max_distance) / static_cast<double>(single));
  const Tensor wide =
      (at::log(distance.to(at::kFloat) / static_cast<double>(single)) / span * static_cast<double>(half - single))
          .clamp_min(0)  // distances below `single`, which do not take it
          .to(at::kLong) +
      single;
  const Tensor bucket = at::where(distance.lt(single), distance, wide.clamp_max(half - 1));
  return between.gt(0).to(at::kLong) * half + bucket;
}

void T5Config::bind(Binder& b) {
  b.add("vocab_size", vocab_size, at_least(1), "rows of the table of tokens");
  b.add("d_model", d_model, at_least(1), "numbers of a state");
  b.add("d_kv", d_kv, at_least(1), "numbers of a head");
  b.add("d_ff", d_ff, at_least(1), "numbers between a layer's two wide layers");
  b.add("num_layers", num_layers, at_least(1), "layers");
  b.add("num_heads", num_heads, at_least(1), "heads of each attention");
  b.add("relative_attention_num_buckets", relative_attention_num_buckets, at_least(4), "kinds of distances");
  b.add("relative_attention_max_distance", relative_attention_max_distance, at_least(2),
        "distance from which all are of one kind");
  b.add("layer_norm_epsilon", layer_norm_epsilon, above(0), "added to mean squares");
  b.add("feed_forward_proj", feed_forward_proj, {"relu", "gated-gelu"}, "activation between the wide layers");
  b.add("is_decoder", is_decoder, "not computed");
}

void T5Config::check() const {
  if (is_decoder) fail(Code::usage, kWhere, "is_decoder", "false", "true");
  if (relative_attention_num_buckets % 4 != 0)
    fail(Code::usage, kWhere, "relative_attention_num_buckets", "a multiple of 4",
         fmt::format("{}", relative_attention_num_buckets));
  if (relative_attention_max_distance <= relative_attention_num_buckets / 4)
    fail(Code::usage, kWhere, "relative_attention_max_distance",
         fmt::format("more than a quarter of the buckets, {}", relative_attention_num_buckets / 4),
         fmt::format("{}", relative_attention_max_distance));
}

std::unique_ptr<TextEncoder> make_t5(const T5Config& config) { return std::make_unique<T5>(config); }

}  // namespace roulade
