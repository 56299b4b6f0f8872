// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/dit.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/attention.hpp"
#include "roulade/model/prompt.hpp"
#include "roulade/model/time_features.hpp"
#include "roulade/model/training_pass.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sin.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr int64_t kTimeWidth = 256;
constexpr double kPlainEps = 1e-6;  // of the normalisations that no key sets

/// sin and cos of place / 10000^(2 j / width), [places, width].
Tensor line_positions(const Tensor& places, int64_t width) {
  const Tensor rates = at::pow(1e-4, at::arange(width / 2, places.options()) / (static_cast<double>(width) / 2));
  const Tensor angle = at::outer(places, rates);
  return at::cat({at::sin(angle), at::cos(angle)}, 1);
}

/// Without weights.   x: [B, L, width].
Tensor normalised(const Tensor& x, double eps) { return at::layer_norm(x, {x.size(-1)}, {}, {}, eps); }

/// x (1 + scale) + shift.   x: [B, L, width]; the others [B, width].
Tensor modulated(const Tensor& x, const Tensor& scale, const Tensor& shift) {
  return x * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1);
}

/// Time and class, and a text where it is told so, in one vector.
struct TimeAndClass {
  TimeFeatures features;
  TimeEmbedding time;
  Embedding table;

  TimeAndClass(Initialiser& init, const DitConfig& config)
      : features(init, {.width = kTimeWidth, .shift = 1}),
        time(init, kTimeWidth, config.width()),
        table(init, config.num_embeds_ada_norm + 1, config.width()) {}
  /// pooled: [B, width], added; undefined = nothing is.
  Tensor forward(const Tensor& noise_level, const Tensor& label, const Tensor& pooled, at::ScalarType dtype) const {
    const Tensor both = time.forward(features.forward(noise_level).to(dtype)) + table.forward(label, dtype);
    return pooled.defined() ? both + pooled : both;
  }
  void list(NamedWeights& to, const std::string& prefix) const {
    time.list(to, prefix + ".timestep_embedder");
    table.list(to, prefix + ".class_embedder.embedding_table");
  }
};

/// x += gate_1 Attention(modulated(norm(x))); x += gate_2 Mlp(modulated(norm(x))), all six from silu(told) by one layer
/// that starts at 0. Between the two, where there are token states, x += CrossAttention(norm(x)), whose last layer
/// starts at 0.
class DitBlock {
 public:
  DitBlock(Initialiser& init, const DitConfig& config)
      : emb_(init, config),
        linear_(init, config.width(), 6 * config.width(), true),
        attention_(init, {.width = config.width(),
                          .heads = config.num_attention_heads,
                          .head_width = config.attention_head_dim,
                          .bias = config.attention_bias}),
        in_(init, config.width(), 4 * config.width()),
        out_(init, 4 * config.width(), config.width()),
        eps_(config.norm_eps),
        dropout_(config.dropout),
        gelu_(config.activation_fn == "gelu" ? "none" : "tanh") {
    if (config.norm_elementwise_affine) {
      norm_weight_ = init.ones({config.width()});
      norm_bias_ = init.zeros({config.width()});
    }
    if (config.token_width > 0)
      cross_.emplace(init,
                     Attention::Shape{.width = config.width(),
                                      .context = config.token_width,
                                      .heads = config.num_attention_heads,
                                      .head_width = config.attention_head_dim,
                                      .bias = config.attention_bias},
                     true);
  }

  Tensor told(const Tensor& noise_level, const Tensor& label, const Tensor& pooled, at::ScalarType dtype) const {
    return emb_.forward(noise_level, label, pooled, dtype);
  }

  Tensor forward(const Tensor& x, const Tensor& noise_level, const Tensor& label, const Tensor& pooled,
                 const Prompt& prompt) const {
    const std::vector<Tensor> six =
        linear_.forward(at::silu(told(noise_level, label, pooled, x.scalar_type()))).chunk(6, 1);
    Tensor h = modulated(normalised(x, kPlainEps), six[1], six[0]);
    h = x + six[2].unsqueeze(1) * dropout(attention_.forward(h), dropout_);
    if (cross_) h = h + cross_->forward(normalised(h, kPlainEps), prompt);
    Tensor normal = normalised(h, eps_);
    if (norm_weight_.defined()) normal = normal * norm_weight_.use(x.scalar_type()) + norm_bias_.use(x.scalar_type());
    const Tensor wide = at::gelu(in_.forward(modulated(normal, six[4], six[3])), gelu_);
    return h + six[5].unsqueeze(1) * out_.forward(dropout(wide, dropout_));
  }

  void list(NamedWeights& to, const std::string& prefix) const {
    emb_.list(to, prefix + ".norm1.emb");
    linear_.list(to, prefix + ".norm1.linear");
    attention_.list(to, prefix + ".attn1");
    if (cross_) cross_->list(to, prefix + ".attn2");
    if (norm_weight_.defined()) {
      to.emplace_back(prefix + ".norm3.weight", norm_weight_);
      to.emplace_back(prefix + ".norm3.bias", norm_bias_);
    }
    in_.list(to, prefix + ".ff.net.0.proj");
    out_.list(to, prefix + ".ff.net.2");
  }

 private:
  TimeAndClass emb_;
  Linear linear_;
  Attention attention_;
  std::optional<Attention> cross_;
  Linear in_, out_;
  Weight norm_weight_, norm_bias_;
  double eps_, dropout_;
  std::string gelu_;
};

class Dit final : public Model {
 public:
  Dit(const DitConfig& config, Initialiser init) : config_(config) {
    config.check();
    const int64_t p = config.patch_size;
    patches_ = Conv2d(init, config.in_channels, config.width(), p, p, 0);
    for (int64_t i = 0; i < config.num_layers; ++i) blocks_.emplace_back(init, config);
    proj_out_1_ = Linear(init, config.width(), 2 * config.width(), true);
    proj_out_2_ = Linear(init, config.width(), p * p * config.answers(), true);
  }

  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const override {
    check(x, noise_level);
    const int64_t p = config_.patch_size, rows = x.size(2) / p, columns = x.size(3) / p;
    // bfloat16 holds three digits: noise levels stay wider until they are features.
    const auto dtype = x.scalar_type();
    const Tensor time = noise_level.to(dtype == at::kBFloat16 ? at::kFloat : dtype),
                 label =
                     label_rows(condition.label, x.size(0), config_.num_embeds_ada_norm, config_.num_embeds_ada_norm);
    Tensor h = patches_.forward(x).flatten(2).transpose(1, 2);
    h = h + patch_positions(rows, columns, config_.sample_size / p, config_.width(), x.options());
    const Tensor pooled = config_.text.modulation() ? pooled_of(x, condition) : Tensor();
    const Prompt prompt = prompt_of(x, condition);
    for (const DitBlock& block : blocks_) {
      // What a text's network may be trained through is an argument: its tokens, its pooled vector or both.
      const bool told = pooled.defined();
      const Recomputed layer = [&block, label, time, prompt, told](const Tensor& in, const Tensor& vector,
                                                                   const Tensor& tokens) {
        return block.forward(in, time, label, told ? vector : Tensor(), {tokens, prompt.bias, nullptr});
      };
      h = config_.gradient_checkpointing ? recompute(layer, h, told ? pooled : time, prompt.tokens)
                                         : block.forward(h, time, label, pooled, prompt);
    }
    // diffusers tells the last layers what it tells the first block.
    const std::vector<Tensor> two =
        proj_out_1_.forward(at::silu(blocks_.front().told(time, label, pooled, dtype))).chunk(2, 1);
    h = proj_out_2_.forward(modulated(normalised(h, kPlainEps), two[1], two[0]));
    return h.view({-1, rows, columns, p, p, config_.answers()})
        .permute({0, 5, 1, 3, 2, 4})
        .reshape({-1, config_.answers(), rows * p, columns * p});
  }

  NamedWeights parameters() const override {
    NamedWeights out;
    patches_.list(out, "pos_embed.proj");
    for (size_t i = 0; i < blocks_.size(); ++i) blocks_[i].list(out, fmt::format("transformer_blocks.{}", i));
    proj_out_1_.list(out, "proj_out_1");
    proj_out_2_.list(out, "proj_out_2");
    return out;
  }

 private:
  void check(const Tensor& x, const Tensor& noise_level) const {
    const int64_t p = config_.patch_size;
    if (x.dim() != 4 || x.size(1) != config_.in_channels || x.size(2) % p != 0 || x.size(3) % p != 0)
      fail(Code::usage, "model dit", "x",
           fmt::format("[B, {}, H, W] with H and W multiples of {}", config_.in_channels, p),
           fmt::format("{}", x.sizes().vec()));
    if (noise_level.dim() != 1 || noise_level.size(0) != x.size(0))
      fail(Code::usage, "model dit", "noise_level", fmt::format("[{}]", x.size(0)),
           fmt::format("{}", noise_level.sizes().vec()));
  }

  /// What the layer in front of this network made of the text.
  Tensor pooled_of(const Tensor& x, const Condition& condition) const {
    const auto& pooled = condition.pooled;
    if (!pooled || pooled->dim() != 2 || pooled->size(0) != x.size(0) || pooled->size(1) != config_.width())
      fail(Code::usage, "model dit", "pooled of the condition", fmt::format("[{}, {}]", x.size(0), config_.width()),
           pooled ? fmt::format("{}", pooled->sizes().vec()) : "none");
    return pooled->to(x.scalar_type());
  }

  Prompt prompt_of(const Tensor& x, const Condition& condition) const {
    if (config_.token_width == 0) return {};
    Prompt out = read_prompt("model dit", x, condition, config_.token_width);
    if (!at::GradMode::is_enabled()) out.kept = prompts_.of(out.tokens);
    return out;
  }

  DitConfig config_;
  PromptCache prompts_;
  Conv2d patches_;
  std::vector<DitBlock> blocks_;
  Linear proj_out_1_, proj_out_2_;
};

}  // namespace

void DitConfig::bind(Binder& b) {
  b.add("num_attention_heads", num_attention_heads, at_least(1), "heads of each attention");
  b.add("attention_head_dim", attention_head_dim, at_least(1), "channels of a head; the width is heads times this");
  b.add("num_layers", num_layers, at_least(1), "blocks");
  b.add("patch_size", patch_size, at_least(1), "height and width of the squares that become tokens");
  b.add("dropout", dropout, between(0, 1), "share of values dropped in training");
  b.add("attention_bias", attention_bias, "biases of queries, keys and values");
  b.add("activation_fn", activation_fn, {"gelu-approximate", "gelu"}, "activation between a block's two wide layers");
  b.add("norm_elementwise_affine", norm_elementwise_affine, "weights of the normalisation before them");
  b.add("norm_eps", norm_eps, above(0), "added to its variance");
}

void DitConfig::bind_recipe(Binder& b) {
  bind(b);
  b.add("gradient_checkpointing", gradient_checkpointing, kCheckpointingHelp);
  text.bind(b);
}

void DitConfig::bind_whole(Binder& b) {
  bind(b);
  b.add("norm_type", norm_type, {"ada_norm_zero"}, "the only one that there is");
  b.add("sample_size", sample_size, at_least(1), "height and width that positions are counted for");
  b.add("num_embeds_ada_norm", num_embeds_ada_norm, at_least(1), "classes");
  b.add("in_channels", in_channels, at_least(1), "channels of the input");
  b.add("out_channels", out_channels, at_least(0), "channels of the answer; 0 = in_channels");
}

void DitConfig::check() const {
  if (sample_size % patch_size != 0)
    fail(Code::usage, "model dit", "patch_size", fmt::format("a divisor of the pictures' size, {}", sample_size),
         fmt::format("{}", patch_size));
  if (width() % 4 != 0)
    fail(Code::usage, "model dit", "num_attention_heads times attention_head_dim", "a multiple of 4",
         fmt::format("{}", width()));
}

Tensor patch_positions(int64_t rows, int64_t columns, int64_t base, int64_t width, const at::TensorOptions& options) {
  const auto places = [&](int64_t count) {
    return at::arange(count, options) * (static_cast<double>(base) / static_cast<double>(count));
  };
  const Tensor across = line_positions(places(columns), width / 2), down = line_positions(places(rows), width / 2);
  return at::cat({across.repeat({rows, 1}), down.repeat_interleave(columns, 0)}, 1);
}

std::unique_ptr<Model> make_dit(const DitConfig& config, uint64_t seed) {
  return std::make_unique<Dit>(config, Initialiser(seed));
}

DitConfig dit_config_for(Binder& b, const ModelShape& shape) {
  DitConfig config;
  config.bind_recipe(b);
  if (shape.sample.size() != 3 || shape.sample[1] != shape.sample[2])
    fail(Code::usage, "model dit", "a sample", "[channels, size, size]", fmt::format("{}", shape.sample));
  config.sample_size = shape.sample[1];
  config.text.check(shape, "model dit");
  if (shape.tokens > 0 && config.text.way == TextWay::kNone)
    fail(Code::usage, "model dit", "condition", "concat, cross_attention, modulation or both: [text] gives a text",
         "none");
  config.token_width = config.text.cross() ? shape.tokens : 0;
  config.in_channels = shape.sample[0] + (config.text.concat() ? config.text.channels : 0);
  config.out_channels = shape.channels_out();
  config.num_embeds_ada_norm = std::max<int64_t>(shape.classes, 1);
  return config;
}

namespace model {

Entry dit() {
  Entry e;
  e.name = "dit";
  e.summary =
      "Transformer over patches of a picture, told time and class by modulation, diffusers' DiTTransformer2DModel";
  e.source = "Peebles and Xie 2023 (DiT), section 3, adaLN-Zero";
  e.bind = [](Binder& b) { DitConfig().bind_recipe(b); };
  e.make = [](Binder& b, const ModelShape& shape, uint64_t seed) {
    const DitConfig config = dit_config_for(b, shape);
    return told_text(make_dit(config, seed), config.text, shape.pooled, config.width(), seed);
  };
  return e;
}

}  // namespace model
}  // namespace roulade
