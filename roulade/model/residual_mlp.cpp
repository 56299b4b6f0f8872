// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/embedding.hpp"
#include "roulade/model/model.hpp"
#include "roulade/model/point_input.hpp"
#include "roulade/model/point_network.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/silu.h>
#include <fmt/format.h>

namespace roulade::model {
namespace {

struct Settings {
  PointInput::Settings input{.embedding = "sinusoidal"};
  int64_t width = 64;
  int64_t depth = 4;

  void bind(Binder& b) {
    b.add("width", width, at_least(1), "units of the residual stream");
    b.add("depth", depth, at_least(1), "residual blocks");
    input.bind(b);
  }
};

/// h = Linear(x); depth times h += Linear(silu(Linear(h) + Linear(features))); out = Linear(silu(h)), the last one zero
/// at start. features = embedded noise level (and class).
class ResidualMlp final : public Model {
 public:
  ResidualMlp(const Settings& s, const ModelShape& shape, Initialiser init) : input_(s.input, shape, init) {
    first_ = Linear(init, shape.sample[0], s.width);
    for (int64_t i = 0; i < s.depth; ++i)
      blocks_.push_back({Linear(init, s.width, s.width), Linear(init, input_.feature_width(), s.width),
                         Linear(init, s.width, s.width)});
    last_ = Linear(init, s.width, shape.channels_out(), true);
    std::vector<Linear> layers = {first_};
    for (const Block& block : blocks_) layers.insert(layers.end(), {block.in, block.noise, block.out});
    layers.push_back(last_);
    fused_.emplace(kernel::PointNetworkShape{.residual = true,
                                             .activation = kernel::Activation::silu,
                                             .points = shape.sample[0],
                                             .features = input_.feature_width(),
                                             .width = s.width,
                                             .depth = s.depth,
                                             .outputs = shape.channels_out()},
                   std::move(layers), input_);
  }

  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const override {
    if (const auto out = fused_->forward(x, noise_level, condition)) return *out;
    const Tensor features = input_.features(x, noise_level, condition);
    Tensor h = first_.forward(x);
    for (const Block& block : blocks_)
      h = h + block.out.forward(at::silu(block.in.forward(h) + block.noise.forward(features)));
    return last_.forward(at::silu(h));
  }

  NamedWeights parameters() const override {
    NamedWeights out;
    first_.list(out, "first");
    for (size_t i = 0; i < blocks_.size(); ++i) {
      blocks_[i].in.list(out, fmt::format("blocks.{}.in", i));
      blocks_[i].noise.list(out, fmt::format("blocks.{}.noise", i));
      blocks_[i].out.list(out, fmt::format("blocks.{}.out", i));
    }
    last_.list(out, "last");
    input_.list(out);
    return out;
  }

  const PointNetwork* point_network() const override { return &*fused_; }

 private:
  struct Block {
    Linear in, noise, out;
  };
  PointInput input_;
  Linear first_, last_;
  std::vector<Block> blocks_;
  std::optional<PointNetwork> fused_;
};

}  // namespace

Entry residual_mlp() {
  Entry e;
  e.name = "residual_mlp";
  e.summary = "residual blocks of two layers, the noise level added inside each";
  e.source = "He et al. 2016, section 3.2, with the time embedding of Ho et al. 2020, appendix B";
  with_model_settings<Settings, ResidualMlp>(e);
  return e;
}

}  // namespace roulade::model
