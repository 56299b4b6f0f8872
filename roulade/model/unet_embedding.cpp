// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/unet_embedding.hpp"

#include "roulade/core/error.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr const char* kWhere = "model unet";

/// A member of the condition that the key asks for, of this many numbers a sample.
const Tensor& needed(const std::optional<Tensor>& member, const std::string& key, const char* name, int64_t batch,
                     int64_t width) {
  if (!member) fail(Code::usage, kWhere, key, fmt::format("a condition with {}", name), "none");
  if (member->dim() != 2 || member->size(0) != batch || member->size(1) != width)
    fail(Code::usage, kWhere, fmt::format("{} of the condition", name), fmt::format("[{}, {}]", batch, width),
         fmt::format("{}", member->sizes().vec()));
  return *member;
}

}  // namespace

UnetEmbedding::UnetEmbedding(Initialiser& init, const UnetConfig& config) : config_(config) {
  const int64_t first = config.channels(0), width = config.embedding_width();
  const bool of_time = config.conditional() && config.time_embedding_type == "fourier";
  time_ = TimeFeatures(init, {.kind = of_time ? "fourier_of_time" : config.time_embedding_type,
                              .width = of_time ? width / 2 : first,
                              .flip = config.flip_sin_to_cos,
                              .shift = static_cast<double>(config.freq_shift),
                              .rows = config.num_train_timesteps});
  time_embedding_ = TimeEmbedding(init, time_.width(), width);
  if (config.time_cond_proj_dim > 0) {
    cond_proj_ = Linear(init, config.time_cond_proj_dim, time_.width());
    cond_proj_->bias = Weight();
  }
  const int64_t projected = config.projection_class_embeddings_input_dim;
  if (config.class_embed_type == "timestep") class_features_ = TimeEmbedding(init, time_.width(), width);
  if (config.class_embed_type == "projection") class_features_ = TimeEmbedding(init, projected, width);
  if (config.class_embed_type == "simple_projection") class_layer_ = Linear(init, projected, width);
  if (config.class_embed_type.empty() && config.num_class_embeds > 0)
    class_table_ = Embedding(init, config.num_class_embeds, width);
  if (config.addition_embed_type == "text_time") {
    sizes_ = TimeFeatures(init, {.width = config.addition_time_embed_dim,
                                 .flip = config.flip_sin_to_cos,
                                 .shift = static_cast<double>(config.freq_shift)});
    add_embedding_ = TimeEmbedding(init, projected, width);
  }
}

Tensor UnetEmbedding::forward(const Tensor& time, const Condition& condition, at::ScalarType dtype) const {
  Tensor features = time_.forward(time).to(dtype);
  if (condition.beside_time) {  // without it diffusers, too, adds nothing
    if (!cond_proj_)
      fail(Code::usage, kWhere, "beside_time of the condition", "none: the network has no time_cond_proj_dim", "one");
    const Tensor& beside =
        needed(condition.beside_time, "time_cond_proj_dim", "beside_time", time.size(0), config_.time_cond_proj_dim);
    features = features + cond_proj_->forward(beside.to(dtype));
  }
  Tensor embedding = time_embedding_.forward(features);
  const Tensor of = of_class(time, condition, dtype);
  if (of.defined()) embedding = embedding + of;
  return add_embedding_ ? embedding + of_text_and_sizes(time, condition, dtype) : embedding;
}

Tensor UnetEmbedding::of_class(const Tensor& time, const Condition& condition, at::ScalarType dtype) const {
  const std::string key = "class_embed_type " + config_.class_embed_type;
  const auto pooled = [&](int64_t width) {
    return needed(condition.pooled, key, "pooled", time.size(0), width).to(dtype);
  };
  if (config_.class_embed_type == "identity") return pooled(config_.embedding_width());
  if (config_.class_embed_type == "projection")
    return class_features_->forward(pooled(config_.projection_class_embeddings_input_dim));
  if (class_layer_) return class_layer_->forward(pooled(config_.projection_class_embeddings_input_dim));
  if (class_features_) {
    if (!condition.label) fail(Code::usage, kWhere, key, "a label", "none");
    return class_features_->forward(time_.forward(condition.label->to(time.scalar_type())).to(dtype));
  }
  const int64_t rows = config_.num_class_embeds;
  if (class_table_) return class_table_->forward(label_rows(condition.label, time.size(0), rows - 1, rows - 1), dtype);
  if (condition.label && condition.label->ge(0).any().item<bool>())
    fail(Code::usage, kWhere, "labels", "none: the network knows no classes", "a class");
  return {};
}

Tensor UnetEmbedding::of_text_and_sizes(const Tensor& time, const Condition& condition, at::ScalarType dtype) const {
  const char* const key = "addition_embed_type text_time";
  const int64_t batch = time.size(0), each = config_.addition_time_embed_dim;
  if (!condition.sizes || condition.sizes->dim() != 2)
    fail(Code::usage, kWhere, key, fmt::format("a condition with sizes [{}, 6]", batch), "none");
  const int64_t count = condition.sizes->size(1);
  const Tensor sizes = needed(condition.sizes, key, "sizes", batch, count).to(time.scalar_type());
  const Tensor pooled =
      needed(condition.pooled, key, "pooled", batch, config_.projection_class_embeddings_input_dim - count * each);
  const Tensor features = sizes_.forward(sizes.flatten()).view({batch, count * each});
  return add_embedding_->forward(at::cat({pooled.to(dtype), features.to(dtype)}, 1));
}

void UnetEmbedding::list(NamedWeights& to) const {
  time_.list(to, "time_proj");
  time_embedding_.list(to, "time_embedding");
  if (cond_proj_) cond_proj_->list(to, "time_embedding.cond_proj");
  if (class_table_) class_table_->list(to, "class_embedding");
  if (class_features_) class_features_->list(to, "class_embedding");
  if (class_layer_) class_layer_->list(to, "class_embedding");
  if (add_embedding_) add_embedding_->list(to, "add_embedding");
}

}  // namespace roulade
