// SPDX-License-Identifier: Apache-2.0
#include "encoder_golden.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/training_pass.hpp"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::json;
using test::furthest;
using test::TextGolden;

constexpr double near(at::ScalarType dtype) { return dtype == at::kDouble ? 1e-9 : 1e-5; }

class EncoderGolden : public ::testing::TestWithParam<const char*> {
 protected:
  static TextAnswer answer() {
    TextAnswer out;
    if (std::string(GetParam()) == "bert_mean") out.pooling = "mean";
    return out;
  }
};

// States, pooled states and gradients are transformers' own (the small one's PyTorch's), in double to 1e-9 and in float
// to 1e-5 of the largest.
TEST_P(EncoderGolden, StatesAndGradientsAreTransformers) {
  const TextGolden golden(GetParam());
  const auto encoder = test::make_encoder(golden.config, answer());
  double largest = 0;
  for (const auto& [name, tensor] : golden.tensors)
    if (name.starts_with("projections")) largest = std::max(largest, tensor.abs().max().item<double>());
  for (const at::ScalarType dtype : {at::kDouble, at::kFloat}) {
    test::fill_by_rule(*encoder, dtype);
    const EncodedText text = encoder->encode(golden.tokens());
    EXPECT_EQ(text.states.scalar_type(), dtype);
    EXPECT_EQ(text.states.size(2), encoder->width());
    EXPECT_LT(furthest(text.states, golden.at("states")), near(dtype));
    const Tensor pooled = golden.maybe("pooled");
    ASSERT_EQ(text.pooled.defined(), pooled.defined());
    EXPECT_EQ(pooled.defined() ? pooled.size(1) : 0, encoder->pooled_width());
    if (pooled.defined()) {
      EXPECT_LT(furthest(text.pooled, pooled), near(dtype));
    }
    if (largest == 0) continue;

    Tensor loss = (text.states * test::rule("cotangent", text.states.sizes()).to(dtype)).sum();
    if (pooled.defined()) loss = loss + (text.pooled * test::rule("pooled cotangent", pooled.sizes()).to(dtype)).sum();
    loss.backward();
    size_t trained = 0, kept = 0;
    for (const auto& [name, tensor] : golden.tensors) kept += name.starts_with("projections") ? 1 : 0;
    for (const auto& [name, weight] : encoder->parameters()) {
      const auto at = golden.tensors.find("projections of " + name);
      if (at == golden.tensors.end()) {  // "mean" leaves the pooler out
        EXPECT_FALSE(weight.stored().grad().defined()) << name;
        continue;
      }
      ++trained;
      const Tensor own = at::tensor(test::projections(name, weight.stored().grad()), at::kDouble);
      const double apart = (own - at->second).abs().max().item<double>(), size = at->second.abs().max().item<double>();
      EXPECT_LT(apart, near(dtype) * largest) << name;
      // Softmax does not see a key's bias: its gradient is 0 but for rounding.
      if (name.ends_with("k_proj.bias") || name.ends_with("key.bias") || name.ends_with("to_k.bias")) continue;
      EXPECT_LT(apart, 20 * near(dtype) * size) << name;
    }
    EXPECT_EQ(trained, kept);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, EncoderGolden,
                         ::testing::Values("clip_quick_gelu", "clip_projection", "clip_legacy", "clip_mask", "bert",
                                           "bert_mean", "t5", "t5_gated", "small"),
                         [](const auto& info) { return std::string(info.param); });

TEST(ClipText, EarlierLayersAreCountedFromTheLast) {
  const TextGolden golden("clip_quick_gelu");
  for (const int64_t skip : {1, 2, 3})
    for (const bool norm : {true, false}) {
      const auto encoder = test::make_encoder(golden.config, {.clip_skip = skip, .final_norm = norm});
      test::fill_by_rule(*encoder, at::kDouble);
      std::string expected = skip == 1 ? "states" : fmt::format("states {}", skip);
      if (!norm) expected = fmt::format("states {} without norm", skip);
      const EncodedText text = encoder->encode(golden.tokens());
      EXPECT_LT(furthest(text.states, golden.at(expected)), 1e-9) << expected;
      EXPECT_LT(furthest(text.pooled, golden.at("pooled")), 1e-9) << "the last layer's, whatever is asked for";
    }
  EXPECT_THROW(test::make_encoder(golden.config, {.clip_skip = 4}), Error);
  EXPECT_THROW(test::make_encoder(golden.config, {.clip_skip = 0}), Error);
}

TEST(Bert, PoolsAsItIsAsked) {
  const TextGolden golden("bert_mean");
  const auto encode = [&](const TextAnswer& answer) {
    const auto encoder = test::make_encoder(golden.config, answer);
    test::fill_by_rule(*encoder, at::kDouble);
    return encoder->encode(golden.tokens());
  };
  EXPECT_LT(furthest(encode({.pooling = "mean", .normalise = true}).pooled, golden.at("pooled of length 1")), 1e-9);
  const EncodedText first = encode({.pooling = "cls"});
  EXPECT_TRUE(first.pooled.equal(first.states.select(1, 0)));
  EXPECT_FALSE(encode({.pooling = "none"}).pooled.defined());
  EXPECT_THROW(encode({.pooling = "max"}), Error);
}

TEST(SmallText, DropsValuesInTrainingAlone) {
  SmallTextConfig config;
  config.vocabulary = 20;
  config.width = 16;
  config.dropout = 0.3;
  const auto encoder = make_small_text(config, 1), same = make_small_text(config, 1),
             other = make_small_text(config, 2);
  const TextTokens tokens{at::arange(12, at::kLong).view({2, 6})};
  const at::NoGradGuard no_grad;
  const Tensor states = encoder->encode(tokens).states;
  EXPECT_TRUE(states.equal(same->encode(tokens).states));
  EXPECT_GT(furthest(other->encode(tokens).states, states.to(at::kDouble)), 0.1);
  const auto trained = [&](int64_t step) {
    const TrainingPass pass(7, step, 0);
    return encoder->encode(tokens).states;
  };
  EXPECT_GT(furthest(trained(1), states.to(at::kDouble)), 0.1);
  EXPECT_TRUE(trained(1).equal(trained(1)));
  EXPECT_FALSE(trained(1).equal(trained(2)));
  config.heads = 3;
  EXPECT_THROW(make_small_text(config, 1), Error);
}

TEST(T5, BucketsAreTransformers) {
  const TextGolden golden("t5");
  for (const auto& [buckets, most] : {std::pair{32, 128}, {16, 64}, {8, 10}, {64, 300}}) {
    const Tensor& expected = golden.at(fmt::format("buckets {} {}", buckets, most));  // of -400 to 400
    const Tensor own = t5_buckets(401, buckets, most);
    EXPECT_TRUE(own.select(0, 0).equal(expected.narrow(0, 400, 401))) << buckets;
    EXPECT_TRUE(own.select(0, 400).equal(expected.narrow(0, 0, 401))) << buckets;
    EXPECT_TRUE(own.select(0, 200).equal(expected.narrow(0, 200, 401))) << buckets;
  }
}

// Texts of different lengths side by side: those of one alone, whatever the padding holds.
TEST(TextEncoders, ATextDoesNotDependOnItsNeighbours) {
  for (const std::string name : {"clip_mask", "bert", "bert_mean", "t5", "t5_gated", "small"}) {
    const TextGolden golden(name);
    TextAnswer answer;
    if (name == "bert_mean") answer.pooling = "mean";
    const auto encoder = test::make_encoder(golden.config, answer);
    test::fill_by_rule(*encoder, at::kFloat);
    const at::NoGradGuard no_grad;
    TextTokens tokens = golden.tokens();
    const EncodedText together = encoder->encode(tokens);
    tokens.ids = tokens.ids.where(tokens.mask, at::full_like(tokens.ids, 5));
    const EncodedText padded = encoder->encode(tokens);
    for (int64_t i = 0; i < tokens.ids.size(0); ++i) {
      const int64_t length = tokens.mask.select(0, i).sum().item<int64_t>();
      TextTokens alone{tokens.ids.narrow(0, i, 1).narrow(1, 0, length)};
      if (tokens.types.defined()) alone.types = tokens.types.narrow(0, i, 1).narrow(1, 0, length);
      const EncodedText one = encoder->encode(alone);
      for (const EncodedText& all : {together, padded}) {
        EXPECT_LT(furthest(all.states.narrow(0, i, 1).narrow(1, 0, length), one.states.to(at::kDouble)), 1e-5)
            << name << " " << i;
        if (one.pooled.defined() && name != "clip_mask") {
          EXPECT_LT(furthest(all.pooled.narrow(0, i, 1), one.pooled.to(at::kDouble)), 1e-5) << name << " " << i;
        }
      }
    }
  }
}

TEST(TextEncoders, RefuseWhatTheyCannotRead) {
  for (const char* name : {"clip_mask", "bert", "t5"}) {
    const TextGolden golden(name);
    const auto encoder = test::make_encoder(golden.config);
    const auto refused = [&](const TextTokens& tokens, const std::string& part) {
      try {
        encoder->encode(tokens);
        ADD_FAILURE() << name << ": " << part;
      } catch (const Error& e) {
        EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
      }
    };
    const Tensor ids = at::arange(4, at::kLong).view({1, 4}), all = ids.ge(0);
    refused({}, "ids");
    refused({ids.view({4})}, "ids");
    refused({ids.narrow(1, 0, 0)}, "ids");
    refused({ids.to(at::kInt)}, "int64");
    refused({ids - 1}, "-1");
    refused({ids + encoder->vocabulary() - 3}, fmt::format("{}", encoder->vocabulary()));
    refused({ids, all.narrow(1, 0, 3)}, "mask");
    refused({ids, all.to(at::kLong)}, "mask");
    refused({ids, all.logical_not()}, "mask");
    if (encoder->positions() > 0) refused({at::arange(17, at::kLong).view({1, 17})}, "tokens of a text");
    if (std::string(name) == "clip_mask") refused({ids, ids.ge(1)}, "first token");
    if (std::string(name) == "bert") {
      refused({ids, all, ids}, "types");
      refused({ids, all, ids.narrow(1, 0, 2)}, "types");
    }
  }
}

TEST(TextEncoders, ConfigurationsAreReadOrRefused) {
  const auto refused = [](const std::string& name, const std::string& key, const Json& value) {
    Json config = Json::parse(TextGolden(name).config);
    config[key] = value;
    try {
      test::make_encoder(config.dump());
      ADD_FAILURE() << name << " " << key;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(key), std::string::npos) << e.what();
    }
  };
  refused("clip_mask", "hidden_act", "mish");
  refused("clip_mask", "hidden_size", 25);
  refused("clip_mask", "hidden_size", nullptr);
  refused("clip_mask", "eos_token_id", {58, 59});
  refused("clip_mask", "rope_theta", 10000.0);
  refused("clip_mask", "quantization_config", {{"bits", 4}});
  refused("clip_mask", "architectures", {"CLIPModel"});
  refused("clip_projection", "projection_dim", nullptr);
  refused("bert", "position_embedding_type", "relative_key");
  refused("bert", "is_decoder", true);
  refused("bert", "add_cross_attention", true);
  refused("bert", "embedding_size", 12);
  refused("bert", "pad_token_id", 50);
  refused("bert", "architectures", {"RobertaModel"});
  refused("t5", "feed_forward_proj", "gated-silu");
  refused("t5", "dense_act_fn", "gelu_new");
  refused("t5", "is_gated_act", true);
  refused("t5", "is_decoder", true);
  refused("t5", "relative_attention_num_buckets", 10);
  refused("t5", "relative_attention_max_distance", 2);
  EXPECT_THROW(text_encoder_kind("[1]", "config.json"), Error);
  EXPECT_THROW(text_encoder_kind("{", "config.json"), Error);
  EXPECT_THROW(text_encoder_kind(R"({"model_type":"umt5"})", "config.json"), Error);
  EXPECT_EQ(text_encoder_kind(R"({"model_type":"bert"})", "config.json"), "BertModel");
  // What is left out is the class's own value.
  EXPECT_EQ(parse_clip_text_config(R"({"model_type":"clip_text_model","projection_dim":null})", "c").hidden_size, 512);
  EXPECT_EQ(parse_bert_config(R"({"model_type":"bert","pad_token_id":null})", "c").pad_token_id, -1);
  EXPECT_FALSE(parse_t5_config(R"({"model_type":"t5"})", "c").gated());
}

// As they stand in the folders of pipelines.
TEST(TextEncoders, PublishedConfigurationsAreRead) {
  const char* stable_diffusion = R"({"_name_or_path":"openai/clip-vit-large-patch14","architectures":["CLIPTextModel"],
    "attention_dropout":0.0,"bos_token_id":0,"dropout":0.0,"eos_token_id":2,"hidden_act":"quick_gelu","hidden_size":768,
    "initializer_factor":1.0,"initializer_range":0.02,"intermediate_size":3072,"layer_norm_eps":1e-05,
    "max_position_embeddings":77,"model_type":"clip_text_model","num_attention_heads":12,"num_hidden_layers":12,
    "pad_token_id":1,"torch_dtype":"float32","transformers_version":"4.23.1","vocab_size":49408})";
  const auto clip = make_clip_text(parse_clip_text_config(stable_diffusion, "config.json"));
  EXPECT_EQ(clip->width(), 768);
  EXPECT_EQ(clip->pooled_width(), 768);
  EXPECT_EQ(clip->parameters().size(), 2U + 12 * 16 + 2);
  const char* xl = R"({"architectures":["CLIPTextModelWithProjection"],"attention_dropout":0.0,"bos_token_id":0,
    "dropout":0.0,"eos_token_id":2,"hidden_act":"gelu","hidden_size":1280,"initializer_factor":1.0,
    "initializer_range":0.02,"intermediate_size":5120,"layer_norm_eps":1e-05,"max_position_embeddings":77,
    "model_type":"clip_text_model","num_attention_heads":20,"num_hidden_layers":32,"pad_token_id":1,
    "projection_dim":1280,"torch_dtype":"float32","transformers_version":"4.33.3","vocab_size":49408})";
  EXPECT_EQ(make_clip_text(parse_clip_text_config(xl, "config.json"))->pooled_width(), 1280);
  // Keys of the first BERT's code, which no arithmetic goes by.
  const char* multilingual = R"({"architectures":["BertForMaskedLM"],"attention_probs_dropout_prob":0.1,
    "directionality":"bidi","hidden_act":"gelu","hidden_dropout_prob":0.1,"hidden_size":768,"initializer_range":0.02,
    "intermediate_size":3072,"layer_norm_eps":1e-12,"max_position_embeddings":512,"model_type":"bert",
    "num_attention_heads":12,"num_hidden_layers":12,"pad_token_id":0,"pooler_fc_size":768,
    "pooler_num_attention_heads":12,"pooler_num_fc_layers":3,"pooler_size_per_head":128,
    "pooler_type":"first_token_transform","type_vocab_size":2,"vocab_size":105879})";
  EXPECT_EQ(parse_bert_config(multilingual, "config.json").vocab_size, 105879);
  const char* t5_xxl = R"({"architectures":["T5EncoderModel"],"classifier_dropout":0.0,"d_ff":10240,"d_kv":64,
    "d_model":4096,"decoder_start_token_id":0,"dense_act_fn":"gelu_new","dropout_rate":0.1,"eos_token_id":1,
    "feed_forward_proj":"gated-gelu","initializer_factor":1.0,"is_encoder_decoder":true,"is_gated_act":true,
    "layer_norm_epsilon":1e-06,"model_type":"t5","num_decoder_layers":24,"num_heads":64,"num_layers":24,
    "output_past":true,"pad_token_id":0,"relative_attention_max_distance":128,"relative_attention_num_buckets":32,
    "tie_word_embeddings":false,"torch_dtype":"float16","transformers_version":"4.52.0","use_cache":true,
    "vocab_size":32128})";
  EXPECT_EQ(make_t5(parse_t5_config(t5_xxl, "config.json"))->width(), 4096) << "no memory is taken before its weights";
}

}  // namespace
}  // namespace roulade
