// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/embedding.hpp"
#include "roulade/model/model.hpp"
#include "roulade/model/point_input.hpp"
#include "roulade/model/point_network.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>
#include <fmt/format.h>

namespace roulade::model {
namespace {

struct Settings {
  PointInput::Settings input{.embedding = "raw"};
  int64_t width = 64;
  int64_t depth = 4;
  std::string activation = "relu";

  void bind(Binder& b) {
    b.add("width", width, at_least(1), "units of each hidden layer");
    b.add("depth", depth, at_least(1), "hidden layers with an activation");
    b.add("activation", activation, {"relu", "silu"}, "what follows each hidden layer");
    input.bind(b);
  }
};

/// Linear(in, width), then depth times Linear(width, width) + activation, then Linear(width, out); the noise level (and
/// the class) is appended to the point. With relu and raw time it is the network of the article's notebook.
class Mlp final : public Model {
 public:
  Mlp(const Settings& s, const ModelShape& shape, Initialiser init)
      : input_(s.input, shape, init), relu_(s.activation == "relu") {
    layers_.emplace_back(init, input_.width(), s.width);
    for (int64_t i = 0; i < s.depth; ++i) layers_.emplace_back(init, s.width, s.width);
    layers_.emplace_back(init, s.width, shape.channels_out());
    fused_.emplace(kernel::PointNetworkShape{.residual = false,
                                             .activation = relu_ ? kernel::Activation::relu : kernel::Activation::silu,
                                             .points = shape.sample[0],
                                             .features = input_.feature_width(),
                                             .width = s.width,
                                             .depth = s.depth,
                                             .outputs = shape.channels_out()},
                   layers_, input_);
  }

  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const override {
    if (const auto out = fused_->forward(x, noise_level, condition)) return *out;
    Tensor h = layers_.front().forward(input_.forward(x, noise_level, condition));
    for (size_t i = 1; i + 1 < layers_.size(); ++i) {
      h = layers_[i].forward(h);
      h = relu_ ? at::relu(h) : at::silu(h);
    }
    return layers_.back().forward(h);
  }

  NamedWeights parameters() const override {
    NamedWeights out;
    for (size_t i = 0; i < layers_.size(); ++i) layers_[i].list(out, fmt::format("layers.{}", i));
    input_.list(out);
    return out;
  }

  const PointNetwork* point_network() const override { return &*fused_; }

 private:
  PointInput input_;
  bool relu_;
  std::vector<Linear> layers_;
  std::optional<PointNetwork> fused_;
};

}  // namespace

Entry mlp() {
  Entry e;
  e.name = "mlp";
  e.summary = "plain layers with ReLU, time appended to the point: the article's network";
  e.source = "the article's Swiss-roll notebook";
  with_model_settings<Settings, Mlp>(e);
  return e;
}

}  // namespace roulade::model
