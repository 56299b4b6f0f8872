// SPDX-License-Identifier: Apache-2.0
#include "asked.hpp"
#include "network_golden.hpp"
#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/model/network_config.hpp"
#include "roulade/model/prompt.hpp"
#include "roulade/model/unet.hpp"

#include <memory>
#include <thread>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using namespace test;

std::vector<int64_t> shape_of(const Tensor& t) { return t.sizes().vec(); }

/// All that the network of a golden is told, beside the time.
Condition condition_of(const std::string& name, const Json& config, const std::map<std::string, Tensor>& inputs) {
  const auto text = [&](const char* key) {
    return config.at(key).is_string() ? config.at(key).get<std::string>() : "";
  };
  Condition out;
  out.tokens = inputs.at("tokens");
  if (inputs.contains("pooled")) out.pooled = inputs.at("pooled");
  if (inputs.contains("beside_time")) out.beside_time = inputs.at("beside_time");
  if (text("class_embed_type") == "timestep" || !config.at("num_class_embeds").is_null())
    out.label = at::tensor({1, 3}, at::kLong);
  if (text("addition_embed_type") == "text_time")
    out.sizes = at::tensor({512, 512, 0, 0, 512, 512, 640, 480, 32, 8, 512, 768}, at::kLong).view({2, 6});
  if (name == "masked")
    out.token_mask = at::tensor({1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 1}, at::kLong).view({2, kTokens}).to(at::kBool);
  return out;
}

class ConditionalGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(ConditionalGolden, AnswersAndGradientsAreDiffusers) {
  const std::string name = GetParam();
  const Golden golden("conditional_" + name);
  const UnetConfig config = parse_unet_config(golden.config.dump(), name);
  const auto model = make_unet(config, 1);
  std::map<std::string, std::vector<int64_t>> inputs;
  for (const auto& [key, tensor] : golden.tensors)
    if (key.starts_with("gradient of ")) inputs[key.substr(12)] = shape_of(tensor);
  ASSERT_EQ(inputs.at("tokens"), (std::vector<int64_t>{2, kTokens, config.token_width()}));
  const bool fourier = config.time_embedding_type == "fourier";
  const auto ask = [&](const std::map<std::string, Tensor>& given, at::ScalarType dtype) {
    const Tensor time = (fourier ? at::tensor({0.7, 5.3}) : at::tensor({17.0, 803.0})).to(dtype);
    return model->forward(given.at("x"), time, condition_of(name, golden.config, given));
  };
  expect_golden(golden, *model, inputs, ask, true);
}

TEST_P(ConditionalGolden, ConfigsAreReadAndWrittenAsDiffusersWould) {
  const Golden golden(std::string("conditional_") + GetParam());
  const UnetConfig config = parse_unet_config(golden.config.dump(), GetParam());
  const Json written = Json::parse(unet_config_text(config, {16, 16}));
  for (const auto& [key, value] : written.items()) {
    if (key == "sample_size") continue;
    Json theirs = golden.config.at(key);
    if (theirs.is_array() && !value.is_array()) theirs = theirs.at(0);  // one number for all levels
    EXPECT_EQ(value, theirs) << key;
  }
  const UnetConfig again = parse_unet_config(written.dump(), GetParam());
  EXPECT_EQ(Json::parse(unet_config_text(again, {16, 16})), written);
}

INSTANTIATE_TEST_SUITE_P(Unet, ConditionalGolden, ::testing::Values("sd15", "sd21", "sdxl", "masked", "odd", "fourier"),
                         [](const auto& info) { return std::string(info.param); });

// Two prompts of unequal lengths in one call, as guidance asks: the padded one is answered as if alone.
TEST(ConditionalUnet, PromptsOfUnequalLengthsAreAnsweredAsEachAlone) {
  for (const bool projected : {false, true}) {  // encoder_hid_proj makes padding other than zero
    UnetConfig config = small();
    if (projected) config.encoder_hid_dim = 12;
    const auto model = frozen(config);
    Asked positive;
    const auto negative_of = [&](int64_t tokens, bool masked) {
      Asked out;
      out.condition.tokens = rule("negative", {2, tokens, 12}).to(at::kFloat);
      if (masked) {
        out.condition.token_mask = at::ones({2, tokens}, at::kBool);
        out.condition.token_mask->select(0, 1).narrow(0, 1, 1).zero_();
      }
      return out;
    };
    for (const int64_t tokens : {3, 7, 11})
      for (const bool masked : {false, true}) {
        const Asked negative = negative_of(tokens, masked);
        Asked both;
        both.x = at::cat({positive.x, negative.x}, 0);
        both.time = at::cat({positive.time, negative.time}, 0);
        both.condition = concatenate(positive.condition, negative.condition);
        const Tensor apart = at::cat({positive.of(*model), negative.of(*model)}, 0);
        EXPECT_LT(furthest(both.of(*model), apart.to(at::kDouble)), 1e-5) << tokens << masked << projected;
      }
    // The padding does not count: without its mask the answer is another one.
    Asked unmasked = negative_of(3, false);
    const Tensor right = unmasked.of(*model);
    unmasked.condition.tokens = at::cat({*unmasked.condition.tokens, at::zeros({2, 4, 12})}, 1);
    EXPECT_GT(furthest(unmasked.of(*model), right.to(at::kDouble)), 1e-4);
  }
}

TEST(ConditionalUnet, RecomputedBlocksHaveTheSameGradients) {
  UnetConfig config = small();
  config.encoder_hid_dim = 12;
  std::map<std::string, Tensor> gradients[2];
  for (const bool again : {false, true}) {
    config.gradient_checkpointing = again;
    const auto model = make_unet(config, 1);
    fill(*model, at::kFloat);
    Asked asked;
    asked.condition.tokens->requires_grad_(true);
    model->forward(asked.x, asked.time, asked.condition).square().sum().backward();
    auto& of = gradients[again ? 1 : 0];
    for (const auto& [name, weight] : model->parameters()) of[name] = weight.stored().grad();
    of["tokens"] = asked.condition.tokens->grad();
  }
  for (const auto& [name, plain] : gradients[0]) {
    ASSERT_TRUE(gradients[1].at(name).defined()) << name;
    EXPECT_LT(furthest(gradients[1].at(name), plain.to(at::kDouble)), 1e-5) << name;
  }
}

TEST(ConditionalUnet, RefusesWhatDoesNotFit) {
  const auto refused = [](const std::string& keys, const std::string& part) {
    const std::string text = R"({"_class_name":"UNet2DConditionModel",)" + keys + "}";
    try {
      parse_unet_config(text, "config.json");
      ADD_FAILURE() << text;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  for (const char* key : {R"("num_attention_heads":8)",
                          R"("dual_cross_attention":true)",
                          R"("resnet_skip_time_act":true)",
                          R"("resnet_out_scale_factor":2.0)",
                          R"("time_embedding_act_fn":"silu")",
                          R"("timestep_post_act":"silu")",
                          R"("attention_type":"gated")",
                          R"("class_embeddings_concat":true)",
                          R"("mid_block_only_cross_attention":true)",
                          R"("cross_attention_norm":"layer_norm")",
                          R"("encoder_hid_dim_type":"image_proj")",
                          R"("addition_embed_type":"text")",
                          R"("transformer_layers_per_block":[[1,2],1,1,1])",
                          R"("attention_head_dim":null)",
                          R"("reverse_transformer_layers_per_block":[[1],[1],[1],[1]])",
                          R"("layers_per_block":[1,2,2,2])",
                          R"("add_attention":false)",
                          R"("norm_num_groups":null)",
                          R"("act_fn":"gelu")",
                          R"("mid_block_type":"UNetMidBlock2DSimpleCrossAttn")",
                          R"("conv_in_kernel":4)",
                          R"("time_embedding_type":"learned")",
                          R"("transformer_layers_per_block":[1,2])",
                          R"("cross_attention_dim":[1,2,3,4])",
                          R"("class_embed_type":"projection")"}) {
    const std::string name = std::string(key).substr(1, std::string(key).find('"', 1) - 1);
    refused(key, name == "class_embed_type" ? "projection_class_embeddings_input_dim" : name);
  }
  refused(R"("down_block_types":["AttnDownBlock2D","DownBlock2D","DownBlock2D","DownBlock2D"])", "down_block_types");
  refused(R"("up_block_types":["KUpBlock2D","UpBlock2D","UpBlock2D","UpBlock2D"])", "KUpBlock2D");
  refused(R"("encoder_hid_dim_type":"text_proj")", "encoder_hid_dim");
  refused(R"("addition_embed_type":"text_time")", "addition_time_embed_dim");
  // Null, as diffusers saves what is not there.
  EXPECT_EQ(parse_unet_config(R"({"_class_name":"UNet2DConditionModel","num_attention_heads":null,
      "dual_cross_attention":false,"resnet_out_scale_factor":1,"mid_block_only_cross_attention":null})",
                              "config.json")
                .token_width(),
            1280);

  UnetConfig none = small();
  none.cross_attention_dim = {};
  EXPECT_THROW(none.check(), Error);
  UnetConfig heads = small();
  heads.num_attention_heads = {17, 4};
  EXPECT_THROW(make_unet(heads, 1), Error);
}

TEST(ConditionalUnet, RefusesConditionsOfAnotherShape) {
  UnetConfig config = small();
  config.addition_embed_type = "text_time";
  config.addition_time_embed_dim = 4;
  config.projection_class_embeddings_input_dim = 5 + 6 * 4;
  const auto model = frozen(config);
  Asked whole;
  whole.condition.pooled = rule("pooled", {2, 5}).to(at::kFloat);
  whole.condition.sizes = at::ones({2, 6});
  EXPECT_EQ(whole.of(*model).sizes(), whole.x.sizes());
  const auto refused = [&](const std::function<void(Condition&)>& change, const char* part) {
    Asked asked = whole;
    change(asked.condition);
    try {
      asked.of(*model);
      ADD_FAILURE() << part;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  refused([](Condition& c) { c.tokens.reset(); }, "tokens");
  refused([](Condition& c) { c.tokens = c.tokens->slice(2, 0, 11); }, "[2, L, 12]");
  refused([](Condition& c) { c.tokens = c.tokens->slice(0, 0, 1); }, "[2, L, 12]");
  refused([](Condition& c) { c.token_mask = at::ones({2, 6}); }, "token_mask");
  refused([](Condition& c) { c.pooled.reset(); }, "pooled");
  refused([](Condition& c) { c.sizes.reset(); }, "sizes");
  refused([](Condition& c) { c.sizes = at::ones({2, 5}); }, "pooled");
  refused([](Condition& c) { c.beside_time = at::ones({2, 5}); }, "time_cond_proj_dim");
}

TEST(ConditionalUnet, IsMadeFromARecipeWhereTheDataHaveTokens) {
  const Table recipe{{"block_out_channels", std::vector<double>{16, 32}},
                     {"down_block_types", std::vector<std::string>{"CrossAttnDownBlock2D", "DownBlock2D"}},
                     {"up_block_types", std::vector<std::string>{"UpBlock2D", "CrossAttnUpBlock2D"}},
                     {"mid_block_type", "UNetMidBlock2DCrossAttn"},
                     {"norm_num_groups", 4},
                     {"num_attention_heads", std::vector<double>{2, 4}},
                     {"cross_attention_dim", std::vector<double>{12}},
                     {"addition_embed_type", "text_time"},
                     {"addition_time_embed_dim", 4}};
  const auto make = [&](int64_t tokens, int64_t pooled) {
    Binder b("model", recipe);
    return unet_config_for(b, {.sample = {3, 9, 8}, .tokens = tokens, .pooled = pooled});
  };
  const UnetConfig config = make(12, 5);
  EXPECT_EQ(config.projection_class_embeddings_input_dim, 5 + 6 * 4);
  EXPECT_EQ(config.heads(1), 4);
  make_unet(config, 1);
  const std::string saved = unet_config_text(config, {9, 8});
  EXPECT_EQ(Json::parse(saved).at("attention_head_dim"), Json({2, 4}));
  EXPECT_EQ(parse_unet_config(saved, "config.json").heads(1), 4);
  EXPECT_THROW(make(0, 0), Error);
  EXPECT_THROW(make(8, 5), Error);
}

}  // namespace
}  // namespace roulade
