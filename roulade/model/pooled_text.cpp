// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/pooled_text.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/time_features.hpp"

#include <cmath>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/silu.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr double kLeast = 1e-6;  // length below which a vector is taken for 0

Tensor normal(const Condition& condition, const Tensor& x, int64_t width) {
  const auto& pooled = condition.pooled;
  if (!pooled || pooled->dim() != 2 || pooled->size(0) != x.size(0) || pooled->size(1) != width)
    fail(Code::usage, "model", "pooled of the condition", fmt::format("[{}, {}]", x.size(0), width),
         pooled ? fmt::format("{}", pooled->sizes().vec()) : "none");
  const Tensor length = at::linalg_vector_norm(*pooled, 2, at::IntArrayRef{1}, true).clamp_min(kLeast);
  return (*pooled * std::sqrt(static_cast<double>(width)) / length).to(x.scalar_type());
}

class Concatenated final : public Model {
 public:
  Concatenated(std::unique_ptr<Model> network, int64_t pooled, int64_t channels, Initialiser init)
      : network_(std::move(network)), layer_(init, pooled, channels), width_(pooled) {}

  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const override {
    if (x.dim() != 4)
      fail(Code::usage, "model", "x", "[B, channels, height, width]", fmt::format("{}", x.sizes().vec()));
    const Tensor told = at::silu(layer_.forward(normal(condition, x, width_)));
    Condition rest = condition;
    rest.pooled.reset();
    const Tensor planes = told.view({x.size(0), -1, 1, 1}).expand({x.size(0), told.size(1), x.size(2), x.size(3)});
    return network_->forward(at::cat({x, planes}, 1), noise_level, rest);
  }

  NamedWeights parameters() const override {
    NamedWeights out;
    layer_.list(out, "text_proj");
    const NamedWeights inner = network_->parameters();
    out.insert(out.end(), inner.begin(), inner.end());
    return out;
  }

 private:
  std::unique_ptr<Model> network_;
  Linear layer_;
  int64_t width_;
};

class Modulated final : public Model {
 public:
  Modulated(std::unique_ptr<Model> network, int64_t pooled, int64_t width, Initialiser init)
      : network_(std::move(network)), embedding_(init, pooled, width), width_(pooled) {}

  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const override {
    Condition told = condition;
    told.pooled = embedding_.forward(normal(condition, x, width_));
    return network_->forward(x, noise_level, told);
  }

  NamedWeights parameters() const override {
    NamedWeights out;
    embedding_.list(out, "text_embedding");
    const NamedWeights inner = network_->parameters();
    out.insert(out.end(), inner.begin(), inner.end());
    return out;
  }

 private:
  std::unique_ptr<Model> network_;
  TimeEmbedding embedding_;
  int64_t width_;
};

}  // namespace

void TextWay::bind(Binder& b) {
  b.add("condition", way, {kNone, kConcat, kCross, kModulation, kBoth},
        "how the text is told: not; pooled, as channels beside the picture's; its tokens, in attention; pooled, beside "
        "the time; both of the last two");
  b.add("condition_channels", channels, at_least(1), "channels of concat");
}

void TextWay::check(const ModelShape& shape, const std::string& where) const {
  if (way != kNone && shape.tokens == 0)
    fail(Code::usage, where, "condition", "none: the recipe's [text] gives no text", way);
  if ((concat() || modulation()) && shape.pooled == 0)
    fail(Code::usage, where, "condition", "cross_attention: the text's encoder gives no pooled vector", way);
}

std::unique_ptr<Model> make_concatenated(std::unique_ptr<Model> network, int64_t pooled, int64_t channels,
                                         uint64_t seed) {
  return std::make_unique<Concatenated>(std::move(network), pooled, channels, Initialiser(seed));
}

std::unique_ptr<Model> make_modulated(std::unique_ptr<Model> network, int64_t pooled, int64_t width, uint64_t seed) {
  return std::make_unique<Modulated>(std::move(network), pooled, width, Initialiser(seed));
}

std::unique_ptr<Model> told_text(std::unique_ptr<Model> network, const TextWay& text, int64_t pooled, int64_t width,
                                 uint64_t seed) {
  constexpr uint64_t kRole = 8001;  // the layer's weights are not the beginning of the network's
  if (text.concat()) return make_concatenated(std::move(network), pooled, text.channels, derive_seed(seed, kRole));
  if (text.modulation()) return make_modulated(std::move(network), pooled, width, derive_seed(seed, kRole));
  return network;
}

}  // namespace roulade
