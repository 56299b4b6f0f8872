// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/small_text.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/model/attention.hpp"
#include "roulade/model/training_pass.hpp"
#include "roulade/text/encoder_config.hpp"
#include "roulade/text/layers.hpp"

#include <cmath>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr auto kWhere = "text encoder small";
constexpr double kEps = 1e-5, kTableDeviation = 0.02;

void shrink(const Linear& layer, double factor) {
  const at::NoGradGuard no_grad;
  layer.weight.stored().mul_(factor);
}

class SmallBlock {
 public:
  SmallBlock(Initialiser& init, const SmallTextConfig& c)
      : mix_norm_(init, c.width, kEps),
        norm_(init, c.width, kEps),
        attention_(init, {.width = c.width, .heads = c.heads, .head_width = c.width / c.heads}),
        wide_(init, c.width, 4 * c.width),
        narrow_(init, 4 * c.width, c.width),
        dropout_(c.dropout) {
    const double share = 1 / std::sqrt(2 * static_cast<double>(c.layers));
    shrink(attention_.to_out, share);
    shrink(narrow_, share);
  }

  /// mask: null = all count.
  Tensor forward(const Tensor& x, const Tensor* mask) const {
    const Tensor h = x + dropout(attention_.forward(mix_norm_.forward(x), nullptr, mask), dropout_);
    const Tensor wide = text::activation("gelu", wide_.forward(norm_.forward(h)));
    return h + dropout(narrow_.forward(wide), dropout_);
  }

  void list(NamedWeights& to, const std::string& prefix) const {
    mix_norm_.list(to, prefix + ".norm1");
    attention_.list(to, prefix + ".attention");
    norm_.list(to, prefix + ".norm2");
    wide_.list(to, prefix + ".mlp.0");
    narrow_.list(to, prefix + ".mlp.2");
  }

 private:
  LayerNorm mix_norm_, norm_;
  Attention attention_;
  Linear wide_, narrow_;
  double dropout_;
};

class SmallText final : public TextEncoder {
 public:
  SmallText(const SmallTextConfig& config, Initialiser init) : config_(config) {
    config.check();
    tokens_.weight = init.normal({config.vocabulary, config.width}, kTableDeviation);
    places_.weight = init.normal({config.positions, config.width}, kTableDeviation);
    for (int64_t i = 0; i < config.layers; ++i) blocks_.emplace_back(init, config);
    final_ = LayerNorm(init, config.width, kEps);
  }

  EncodedText encode(const TextTokens& tokens) const override {
    text::check_tokens(kWhere, tokens, config_.vocabulary, config_.positions);
    const auto dtype = text::dtype_of(tokens_.weight);
    Tensor h = tokens_.forward(tokens.ids, dtype) + places_.weight.use(dtype).narrow(0, 0, tokens.ids.size(1));
    h = dropout(h, config_.dropout);
    const Tensor* mask = text::key_bias(tokens.mask, dtype) ? &tokens.mask : nullptr;
    for (const SmallBlock& block : blocks_) h = block.forward(h, mask);
    h = final_.forward(h);
    return {h, text::mean_of_counting(h, tokens.mask)};
  }

  int64_t width() const override { return config_.width; }
  int64_t pooled_width() const override { return config_.width; }
  int64_t positions() const override { return config_.positions; }
  int64_t vocabulary() const override { return config_.vocabulary; }

  NamedWeights parameters() const override {
    NamedWeights out;
    tokens_.list(out, "token_embedding");
    places_.list(out, "position_embedding");
    for (size_t i = 0; i < blocks_.size(); ++i) blocks_[i].list(out, fmt::format("blocks.{}", i));
    final_.list(out, "final_norm");
    return out;
  }

 private:
  SmallTextConfig config_;
  Embedding tokens_, places_;
  std::vector<SmallBlock> blocks_;
  LayerNorm final_;
};

}  // namespace

void SmallTextConfig::bind(Binder& b) {
  b.add("vocabulary", vocabulary, at_least(1), "tokens that it knows");
  b.add("positions", positions, at_least(1), "tokens of a text");
  b.add("width", width, at_least(1), "numbers of a state");
  b.add("layers", layers, at_least(1), "layers");
  b.add("heads", heads, at_least(1), "heads of each attention");
  b.add("dropout", dropout, between(0, 1), "share of values dropped in training");
}

void SmallTextConfig::check() const {
  if (width % heads != 0)
    fail(Code::usage, kWhere, "heads", fmt::format("a divisor of width, {}", width), fmt::format("{}", heads));
}

std::unique_ptr<TextEncoder> make_small_text(const SmallTextConfig& config, uint64_t seed) {
  return std::make_unique<SmallText>(config, Initialiser(seed));
}

void write_small_text(const std::filesystem::path& folder, const SmallTextConfig& config, const NamedWeights& weights) {
  std::filesystem::create_directories(folder);
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, weight] : weights) tensors[name] = weight.stored();
  write_tensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
  write_file_atomically(folder / "config.json", small_text_config_text(config));
}

}  // namespace roulade
