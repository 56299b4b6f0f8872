// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/model/dit.hpp"
#include "roulade/model/network_config.hpp"
#include "roulade/model/unet.hpp"
#include "rule.hpp"
#include "tests/tree.hpp"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::json;

struct Golden {
  Json config;
  std::map<std::string, Tensor> tensors;

  explicit Golden(const std::string& name) {
    TensorFile file = read_tensors(test::tree() / "tests/golden/model" / (name + ".safetensors"));
    config = Json::parse(file.metadata.at("config"));
    tensors = std::move(file.tensors);
  }
};

Tensor weight_of(const std::string& name, at::IntArrayRef shape) {
  const Tensor u = test::rule(name, shape);
  if (shape.size() == 1) return name.ends_with(".weight") ? u * 0.2 + 1 : u * 0.1;
  int64_t in = 1;
  for (const int64_t d : shape.slice(1)) in *= d;
  return u * std::sqrt(3.0 / static_cast<double>(in));
}

void fill(const Model& model, at::ScalarType dtype) {
  for (const auto& [name, weight] : model.parameters()) {
    Weight handle = weight;
    const bool trained = weight.stored().requires_grad();
    handle.store(weight_of(name, weight.stored().sizes()).to(dtype).requires_grad_(trained));
  }
}

Condition condition_of(const Json& config, const Model& model, at::ScalarType dtype) {
  Condition condition;
  const std::string kind = config.value("class_embed_type", "");
  int64_t width = 0;
  for (const auto& [name, weight] : model.parameters())
    if (name == "time_embedding.linear_2.weight") width = weight.stored().size(0);
  if (kind == "identity")
    condition.pooled = test::rule("pooled", {2, width}).to(dtype);
  else if (kind == "timestep" || config.contains("num_class_embeds") || config.contains("num_embeds_ada_norm"))
    condition.label = at::tensor({1, 3}, at::kLong);
  return condition;
}

double furthest(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b).abs().max().item<double>() / b.abs().max().item<double>();
}

struct Exact {
  explicit Exact(bool asked) { set_exact(asked); }
  ~Exact() { set_exact(false); }
};

class ImageGolden : public ::testing::TestWithParam<const char*> {};

// Outputs and gradients are diffusers' own, in double to 1e-9 and in float to 1e-5 of the largest value.
TEST_P(ImageGolden, AnswersAndGradientsAreDiffusers) {
  const Golden golden(GetParam());
  const bool dit = std::string(GetParam()).starts_with("dit");
  const std::string text = golden.config.dump();
  const auto model =
      dit ? make_dit(parse_dit_config(text, GetParam()), 1) : make_unet(parse_unet_config(text, GetParam()), 1);
  const Tensor& expected = golden.tensors.at("answer");
  const bool fourier = golden.config.value("time_embedding_type", "") == "fourier";
  const int64_t channels = golden.config.value("in_channels", dit ? 4 : 3);
  Tensor written;
  for (const int pass : {0, 1, 2}) {  // in double; in float as it is written; in float by the kernels
    const auto dtype = pass == 0 ? at::kDouble : at::kFloat;
    const double near = pass == 0 ? 1e-9 : 1e-5;
    const Exact exact(pass == 1);
    fill(*model, dtype);
    const Tensor x = test::rule("x", {2, channels, expected.size(2), expected.size(3)}).to(dtype);
    x.requires_grad_(true);
    const Tensor time = (fourier ? at::tensor({0.7, 5.3}) : at::tensor({17.0, 803.0})).to(dtype);
    const Tensor answer = model->forward(x, time, condition_of(golden.config, *model, dtype));
    ASSERT_EQ(answer.sizes(), expected.sizes());
    if (pass == 1) written = answer.detach();
    if (pass == 2 && !dit) {
      EXPECT_FALSE(answer.equal(written)) << "the kernels took no part";
    }
    EXPECT_LT(furthest(answer, expected), near);
    (answer * test::rule("cotangent", answer.sizes()).to(dtype)).sum().backward();
    EXPECT_LT(furthest(x.grad(), golden.tensors.at("gradient of x")), near);
    size_t trained = 0;
    double largest = 0;
    for (const auto& [name, tensor] : golden.tensors)
      if (name.starts_with("projections")) largest = std::max(largest, tensor.abs().max().item<double>());
    for (const auto& [name, weight] : model->parameters()) {
      if (!weight.stored().requires_grad()) continue;
      ++trained;
      const auto at = golden.tensors.find("projections of " + name);
      ASSERT_NE(at, golden.tensors.end()) << name;
      const Tensor own = at::tensor(test::projections(name, weight.stored().grad()), at::kDouble);
      const double apart = (own - at->second).abs().max().item<double>(), size = at->second.abs().max().item<double>();
      EXPECT_LT(apart, near * largest) << name;
      if (name.ends_with("to_k.bias")) continue;  // softmax does not see it: its gradient is 0 but for rounding
      EXPECT_LT(apart, 20 * near * size) << name;
    }
    EXPECT_EQ(trained + 2, golden.tensors.size());  // no parameter of diffusers' is missing here
  }
}

INSTANTIATE_TEST_SUITE_P(Dit, ImageGolden, ::testing::Values("dit", "dit_affine"),
                         [](const auto& info) { return std::string(info.param); });
INSTANTIATE_TEST_SUITE_P(Unet, ImageGolden,
                         ::testing::Values("unet_ddpm", "unet_adm", "unet_skip", "unet_wide", "unet_grey",
                                           "unet_plain"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Unet, RefusesWhatDoesNotFit) {
  const auto refused = [](const std::string& text, const std::string& part) {
    try {
      make_unet(parse_unet_config(text, "config.json"), 1);
      ADD_FAILURE() << text;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  refused(R"({"_class_name":"UNet2DModel","block_out_channel":[8]})", "block_out_channel");
  refused(R"({"_class_name":"UNet2DConditionModel"})", "UNet2DConditionModel");
  refused(R"({"_class_name":"UNet2DModel","block_out_channels":[8,16]})", "down_block_types");
  refused(R"({"_class_name":"UNet2DModel","norm_num_groups":30})", "groups");
  refused(R"({"_class_name":"UNet2DModel","resnet_time_scale_shift":"spatial"})", "resnet_time_scale_shift");
  refused(
      R"({"_class_name":"UNet2DModel","down_block_types":["KDownBlock2D","DownBlock2D","DownBlock2D","DownBlock2D"]})",
      "KDownBlock2D");
  refused(R"({"_class_name":"UNet2DModel","time_embedding_type":"learned"})", "num_train_timesteps");
  refused(R"([1])", "object");
  refused("{", "JSON");

  UnetConfig small;
  small.block_out_channels = {8, 8};
  small.down_block_types = {"DownBlock2D", "DownBlock2D"};
  small.up_block_types = {"UpBlock2D", "UpBlock2D"};
  small.norm_num_groups = 2;
  const auto model = make_unet(small, 1);
  const Tensor time = at::tensor({1.0f});
  EXPECT_THROW(model->forward(test::rule("x", {1, 3, 7, 8}).to(at::kFloat), time, {}), Error);
  EXPECT_THROW(model->forward(test::rule("x", {1, 2, 8, 8}).to(at::kFloat), time, {}), Error);
  EXPECT_THROW(model->forward(test::rule("x", {2, 3, 8, 8}).to(at::kFloat), time, {}), Error);
  Condition labelled;
  labelled.label = at::tensor({1}, at::kLong);
  EXPECT_THROW(model->forward(test::rule("x", {1, 3, 8, 8}).to(at::kFloat), time, labelled), Error);
  labelled.label = at::tensor({-1}, at::kLong);
  EXPECT_EQ(model->forward(test::rule("x", {1, 3, 8, 8}).to(at::kFloat), time, labelled).abs().max().item<float>(), 0)
      << "the last layer starts at 0";
}

TEST(Unet, ConfigsAreWrittenAsDiffusersWould) {
  for (const char* name : {"unet_ddpm", "unet_adm", "unet_wide", "unet_grey"}) {
    const Golden golden(name);
    const UnetConfig config = parse_unet_config(golden.config.dump(), name);
    const Json written = Json::parse(unet_config_text(config, {16, 16}));
    for (const auto& [key, value] : golden.config.items()) {
      if (key == "sample_size") continue;
      EXPECT_EQ(written.at(key), value) << name << " " << key;
    }
    EXPECT_EQ(written.at("_class_name"), "UNet2DModel");
    EXPECT_EQ(written.at("sample_size"), 16);
    EXPECT_EQ(Json::parse(unet_config_text(parse_unet_config(written.dump(), name), {16, 16})), written);
  }
}

TEST(Dit, ConfigsAreWrittenAsDiffusersWould) {
  for (const char* name : {"dit", "dit_affine"}) {
    const Golden golden(name);
    const Json written = Json::parse(dit_config_text(parse_dit_config(golden.config.dump(), name)));
    for (const auto& [key, value] : golden.config.items()) EXPECT_EQ(written.at(key), value) << name << " " << key;
    EXPECT_EQ(Json::parse(dit_config_text(parse_dit_config(written.dump(), name))), written);
  }
}

TEST(Dit, RefusesWhatDoesNotFit) {
  EXPECT_THROW(parse_dit_config(R"({"norm_type":"ada_norm"})", "config.json"), Error);
  EXPECT_THROW(parse_dit_config(R"({"patch_size":3})", "config.json"), Error);
  EXPECT_THROW(parse_dit_config(R"({"activation_fn":"geglu"})", "config.json"), Error);
  DitConfig small;
  small.num_attention_heads = 2;
  small.attention_head_dim = 4;
  small.num_layers = 1;
  small.num_embeds_ada_norm = 3;
  const auto model = make_dit(small, 1);
  const Tensor x = test::rule("x", {1, 4, 8, 12}).to(at::kFloat), time = at::tensor({1.0f});
  EXPECT_EQ(model->forward(x, time, {}).sizes(), x.sizes());  // no square, no class
  EXPECT_THROW(model->forward(x.slice(2, 0, 7), time, {}), Error);
  Condition condition;
  condition.label = at::tensor({4}, at::kLong);
  EXPECT_THROW(model->forward(x, time, condition), Error);
}

}  // namespace
}  // namespace roulade
