// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/unet.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/unet_blocks.hpp"
#include "roulade/model/unet_embedding.hpp"

#include <optional>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr int64_t kSizes = 6;  // of SDXL

class Unet final : public Model {
 public:
  Unet(const UnetConfig& config, Initialiser init) : config_(config) {
    config.check();
    token_width_ = config.token_width();
    const int64_t first = config.channels(0), in = config.conv_in_kernel, out = config.conv_out_kernel;
    conv_in_ = Conv2d(init, config.in_channels, first, in, 1, in / 2);
    embedding_.emplace(init, config);
    if (config.encoder_hid_dim > 0) encoder_hid_proj_.emplace(init, config.encoder_hid_dim, config.context(0));
    for (int64_t i = 0; i < config.levels(); ++i) down_.emplace_back(init, config, i);
    if (!config.mid_block_type.empty()) mid_.emplace(init, config);
    for (int64_t i = 0; i < config.levels(); ++i) up_.emplace_back(init, config, i);
    norm_out_ = GroupNorm(init, config.norm_num_groups, first, config.norm_eps, "conv_norm_out");
    conv_out_ = Conv2d(init, first, config.out_channels, out, 1, out / 2, true);
  }

  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const override {
    check(x, noise_level);
    // bfloat16 holds three digits: noise levels stay wider until they are features.
    const auto dtype = x.scalar_type();
    const Tensor time = noise_level.to(dtype == at::kBFloat16 ? at::kFloat : dtype);
    const Tensor embedding = embedding_->forward(time, condition, dtype);
    const Prompt prompt = prompt_of(x, condition);
    Tensor picture = in_kernel_order(config_.center_input_sample ? x * 2 - 1 : x);
    Tensor h = conv_in_.forward(picture);
    std::vector<Tensor> kept{h};
    for (const DownBlock& block : down_) {
      DownBlock::Answer answer = block.forward(h, embedding, picture, prompt);
      h = std::move(answer.x);
      picture = std::move(answer.picture);
      kept.insert(kept.end(), answer.kept.begin(), answer.kept.end());
    }
    if (mid_) h = mid_->forward(h, embedding, prompt);
    picture = Tensor();
    for (const UpBlock& block : up_) {
      UpBlock::Answer answer = block.forward(h, kept, embedding, picture, prompt);
      h = std::move(answer.x);
      picture = std::move(answer.picture);
    }
    h = conv_out_.forward(h, {.norm = &norm_out_});
    if (picture.defined()) h = h + picture;
    h = h.contiguous();
    return config_.time_embedding_type == "fourier" && !config_.conditional() ? h / time.to(dtype).view({-1, 1, 1, 1})
                                                                              : h;
  }

  NamedWeights parameters() const override {
    NamedWeights out;
    conv_in_.list(out, "conv_in");
    embedding_->list(out);
    if (encoder_hid_proj_) encoder_hid_proj_->list(out, "encoder_hid_proj");
    for (size_t i = 0; i < down_.size(); ++i) down_[i].list(out, fmt::format("down_blocks.{}", i));
    if (mid_) mid_->list(out, "mid_block");
    for (size_t i = 0; i < up_.size(); ++i) up_[i].list(out, fmt::format("up_blocks.{}", i));
    norm_out_.list(out, "conv_norm_out");
    conv_out_.list(out, "conv_out");
    return out;
  }

 private:
  void check(const Tensor& x, const Tensor& noise_level) const {
    const int64_t divisor = config_.conditional() ? 1 : int64_t{1} << (config_.levels() - 1);
    if (x.dim() != 4 || x.size(1) != config_.in_channels || x.size(2) % divisor != 0 || x.size(3) % divisor != 0)
      fail(Code::usage, "model unet", "x",
           divisor == 1 ? fmt::format("[B, {}, H, W]", config_.in_channels)
                        : fmt::format("[B, {}, H, W] with H and W multiples of {}, as {} levels halve them {} times",
                                      config_.in_channels, divisor, config_.levels(), config_.levels() - 1),
           fmt::format("{}", x.sizes().vec()));
    if (noise_level.dim() != 1 || noise_level.size(0) != x.size(0))
      fail(Code::usage, "model unet", "noise_level", fmt::format("[{}]", x.size(0)),
           fmt::format("{}", noise_level.sizes().vec()));
  }

  /// Empty for a network that reads no tokens.
  Prompt prompt_of(const Tensor& x, const Condition& condition) const {
    if (token_width_ == 0) return {};
    Prompt out = read_prompt("model unet", x, condition, token_width_);
    if (encoder_hid_proj_) out.tokens = encoder_hid_proj_->forward(out.tokens);
    if (!at::GradMode::is_enabled()) out.kept = prompts_.of(out.tokens);
    return out;
  }

  UnetConfig config_;
  int64_t token_width_ = 0;
  Conv2d conv_in_, conv_out_;
  std::optional<UnetEmbedding> embedding_;
  std::optional<Linear> encoder_hid_proj_;
  std::vector<DownBlock> down_;
  std::optional<MidBlock> mid_;
  std::vector<UpBlock> up_;
  GroupNorm norm_out_;
  PromptCache prompts_;
};

}  // namespace

std::unique_ptr<Model> make_unet(const UnetConfig& config, uint64_t seed) {
  return std::make_unique<Unet>(config, Initialiser(seed));
}

UnetConfig unet_config_for(Binder& b, const ModelShape& shape) {
  UnetConfig config;
  config.bind_recipe(b);
  if (shape.sample.size() != 3)
    fail(Code::usage, "model unet", "a sample", "[channels, height, width]", fmt::format("{}", shape.sample));
  const int64_t divisor = config.conditional() ? 1 : int64_t{1} << (std::max<int64_t>(config.levels(), 1) - 1);
  if (shape.sample[1] % divisor != 0 || shape.sample[2] % divisor != 0)
    fail(Code::usage, "model unet",
         fmt::format("{} levels halve the picture {} times", config.levels(), config.levels() - 1),
         fmt::format("height and width multiples of {}", divisor), fmt::format("{}", shape.sample));
  config.text.check(shape, "model unet");
  config.in_channels = shape.sample[0] + (config.text.concat() ? config.text.channels : 0);
  if (config.text.modulation()) config.class_embed_type = "identity";
  if (config.text.cross() && !config.conditional()) config.read_tokens(shape.tokens);
  config.out_channels = shape.channels_out();
  if (shape.classes > 0) config.num_class_embeds = shape.classes + 1;
  if (config.addition_embed_type == "text_time" && config.projection_class_embeddings_input_dim == 0)
    config.projection_class_embeddings_input_dim = shape.pooled + kSizes * config.addition_time_embed_dim;
  if (config.token_width() > 0 && config.token_width() != shape.tokens)
    fail(Code::usage, "model unet", config.encoder_hid_dim > 0 ? "encoder_hid_dim" : "cross_attention_dim",
         shape.tokens > 0 ? fmt::format("{}, the width of the text's token states", shape.tokens)
                          : "none: the recipe's [text] gives no token states to read",
         fmt::format("{}", config.token_width()));
  if (shape.tokens > 0 && config.text.way == TextWay::kNone && config.token_width() == 0)
    fail(Code::usage, "model unet", "condition", "concat, cross_attention, modulation or both: [text] gives a text",
         "none");
  return config;
}

namespace model {

Entry unet() {
  Entry e;
  e.name = "unet";
  e.summary = "U-Net of residual and attention blocks for pictures, diffusers' UNet2DModel and UNet2DConditionModel";
  e.source =
      "Ho et al. 2020, appendix B; Dhariwal and Nichol 2021, section 3; Song et al. 2021b (skip blocks); "
      "Rombach et al. 2022, section 3.3 (cross-attention)";
  e.bind = [](Binder& b) { UnetConfig().bind_recipe(b); };
  e.make = [](Binder& b, const ModelShape& shape, uint64_t seed) {
    const UnetConfig config = unet_config_for(b, shape);
    return told_text(make_unet(config, seed), config.text, shape.pooled, config.embedding_width(), seed);
  };
  return e;
}

}  // namespace model
}  // namespace roulade
