// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/unet.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/time_features.hpp"
#include "roulade/model/unet_blocks.hpp"

#include <optional>

#include <ATen/TensorOperators.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

class Unet final : public Model {
 public:
  Unet(const UnetConfig& config, Initialiser init) : config_(config) {
    config.check();
    const int64_t first = config.channels(0), width = config.embedding_width();
    conv_in_ = Conv2d(init, config.in_channels, first, 3, 1, 1);
    time_ = TimeFeatures(init, {.kind = config.time_embedding_type,
                                .width = first,
                                .flip = config.flip_sin_to_cos,
                                .shift = static_cast<double>(config.freq_shift),
                                .rows = config.num_train_timesteps});
    time_embedding_ = TimeEmbedding(init, time_.width(), width);
    if (config.class_embed_type == "timestep") class_features_ = TimeEmbedding(init, time_.width(), width);
    if (config.class_embed_type.empty() && config.num_class_embeds > 0)
      class_table_ = Embedding(init, config.num_class_embeds, width);
    for (int64_t i = 0; i < config.levels(); ++i) down_.emplace_back(init, config, i);
    if (!config.mid_block_type.empty()) mid_.emplace(init, config);
    for (int64_t i = 0; i < config.levels(); ++i) up_.emplace_back(init, config, i);
    norm_out_ = GroupNorm(init, config.norm_num_groups, first, config.norm_eps, "conv_norm_out");
    conv_out_ = Conv2d(init, first, config.out_channels, 3, 1, 1, true);
  }

  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const override {
    check(x, noise_level);
    // bfloat16 holds three digits: noise levels stay wider until they are features.
    const auto dtype = x.scalar_type();
    const Tensor time = noise_level.to(dtype == at::kBFloat16 ? at::kFloat : dtype);
    const Tensor embedding = embed(time, condition, dtype);
    Tensor picture = in_kernel_order(config_.center_input_sample ? x * 2 - 1 : x);
    Tensor h = conv_in_.forward(picture);
    std::vector<Tensor> kept{h};
    for (const DownBlock& block : down_) {
      DownBlock::Answer answer = block.forward(h, embedding, picture);
      h = std::move(answer.x);
      picture = std::move(answer.picture);
      kept.insert(kept.end(), answer.kept.begin(), answer.kept.end());
    }
    if (mid_) h = mid_->forward(h, embedding);
    picture = Tensor();
    for (const UpBlock& block : up_) {
      UpBlock::Answer answer = block.forward(h, kept, embedding, picture);
      h = std::move(answer.x);
      picture = std::move(answer.picture);
    }
    h = conv_out_.forward(h, {.norm = &norm_out_});
    if (picture.defined()) h = h + picture;
    h = h.contiguous();
    return config_.time_embedding_type == "fourier" ? h / time.to(dtype).view({-1, 1, 1, 1}) : h;
  }

  NamedWeights parameters() const override {
    NamedWeights out;
    conv_in_.list(out, "conv_in");
    time_.list(out, "time_proj");
    time_embedding_.list(out, "time_embedding");
    if (class_table_) class_table_->list(out, "class_embedding");
    if (class_features_) class_features_->list(out, "class_embedding");
    for (size_t i = 0; i < down_.size(); ++i) down_[i].list(out, fmt::format("down_blocks.{}", i));
    if (mid_) mid_->list(out, "mid_block");
    for (size_t i = 0; i < up_.size(); ++i) up_[i].list(out, fmt::format("up_blocks.{}", i));
    norm_out_.list(out, "conv_norm_out");
    conv_out_.list(out, "conv_out");
    return out;
  }

 private:
  void check(const Tensor& x, const Tensor& noise_level) const {
    const int64_t divisor = int64_t{1} << (config_.levels() - 1);
    if (x.dim() != 4 || x.size(1) != config_.in_channels || x.size(2) % divisor != 0 || x.size(3) % divisor != 0)
      fail(Code::usage, "model unet", "x",
           fmt::format("[B, {}, H, W] with H and W multiples of {}, as {} levels halve them {} times",
                       config_.in_channels, divisor, config_.levels(), config_.levels() - 1),
           fmt::format("{}", x.sizes().vec()));
    if (noise_level.dim() != 1 || noise_level.size(0) != x.size(0))
      fail(Code::usage, "model unet", "noise_level", fmt::format("[{}]", x.size(0)),
           fmt::format("{}", noise_level.sizes().vec()));
  }

  Tensor embed(const Tensor& time, const Condition& condition, at::ScalarType dtype) const {
    const Tensor embedding = time_embedding_.forward(time_.forward(time).to(dtype));
    const int64_t rows = config_.num_class_embeds;
    if (config_.class_embed_type == "identity") {
      if (!condition.pooled) fail(Code::usage, "model unet", "class_embed_type identity", "a pooled condition", "none");
      return embedding + condition.pooled->to(dtype);
    }
    if (!class_table_ && !class_features_) {
      if (condition.label && condition.label->ge(0).any().item<bool>())
        fail(Code::usage, "model unet", "labels", "none: the network knows no classes", "a class");
      return embedding;
    }
    if (class_features_) {
      if (!condition.label) fail(Code::usage, "model unet", "class_embed_type timestep", "a label", "none");
      return embedding + class_features_->forward(time_.forward(condition.label->to(time.scalar_type())).to(dtype));
    }
    return embedding + class_table_->forward(label_rows(condition.label, time.size(0), rows - 1, rows - 1), dtype);
  }

  UnetConfig config_;
  Conv2d conv_in_, conv_out_;
  TimeFeatures time_;
  TimeEmbedding time_embedding_;
  std::optional<Embedding> class_table_;
  std::optional<TimeEmbedding> class_features_;
  std::vector<DownBlock> down_;
  std::optional<MidBlock> mid_;
  std::vector<UpBlock> up_;
  GroupNorm norm_out_;
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
  const int64_t divisor = int64_t{1} << (std::max<int64_t>(config.levels(), 1) - 1);
  if (shape.sample[1] % divisor != 0 || shape.sample[2] % divisor != 0)
    fail(Code::usage, "model unet",
         fmt::format("{} levels halve the picture {} times", config.levels(), config.levels() - 1),
         fmt::format("height and width multiples of {}", divisor), fmt::format("{}", shape.sample));
  config.in_channels = shape.sample[0];
  config.out_channels = shape.channels_out();
  if (shape.classes > 0) config.num_class_embeds = shape.classes + 1;
  return config;
}

namespace model {

Entry unet() {
  Entry e;
  e.name = "unet";
  e.summary = "U-Net of residual and attention blocks for pictures, diffusers' UNet2DModel";
  e.source = "Ho et al. 2020, appendix B; Dhariwal and Nichol 2021, section 3; Song et al. 2021b (skip blocks)";
  e.bind = [](Binder& b) { UnetConfig().bind_recipe(b); };
  e.make = [](Binder& b, const ModelShape& shape, uint64_t seed) { return make_unet(unet_config_for(b, shape), seed); };
  return e;
}

}  // namespace model
}  // namespace roulade
