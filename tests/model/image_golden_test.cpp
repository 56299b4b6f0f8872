// SPDX-License-Identifier: Apache-2.0
#include "network_golden.hpp"
#include "roulade/core/error.hpp"
#include "roulade/model/dit.hpp"
#include "roulade/model/network_config.hpp"
#include "roulade/model/unet.hpp"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using namespace test;

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

class ImageGolden : public ::testing::TestWithParam<const char*> {};

// Outputs and gradients are diffusers' own, in double to 1e-9 and in float to 1e-5 of the largest value.
TEST_P(ImageGolden, AnswersAndGradientsAreDiffusers) {
  const Golden golden(GetParam());
  const bool dit = std::string(GetParam()).starts_with("dit");
  const std::string text = golden.config.dump();
  const auto model =
      dit ? make_dit(parse_dit_config(text, GetParam()), 1) : make_unet(parse_unet_config(text, GetParam()), 1);
  const bool fourier = golden.config.value("time_embedding_type", "") == "fourier";
  const int64_t channels = golden.config.value("in_channels", dit ? 4 : 3);
  const Tensor& expected = golden.tensors.at("answer");
  const auto ask = [&](const std::map<std::string, Tensor>& inputs, at::ScalarType dtype) {
    const Tensor time = (fourier ? at::tensor({0.7, 5.3}) : at::tensor({17.0, 803.0})).to(dtype);
    return model->forward(inputs.at("x"), time, condition_of(golden.config, *model, dtype));
  };
  expect_golden(golden, *model, {{"x", {2, channels, expected.size(2), expected.size(3)}}}, ask, !dit);
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
  refused(R"({"_class_name":"UNet3DConditionModel"})", "UNet3DConditionModel");
  refused(R"({"_class_name":"UNet2DModel","cross_attention_dim":8})", "cross_attention_dim");
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
