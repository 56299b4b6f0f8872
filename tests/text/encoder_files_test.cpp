// SPDX-License-Identifier: Apache-2.0
#include "encoder_golden.hpp"
#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "tests/io/scratch.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::json;
using test::furthest;
using test::TextGolden;
using Tensors = std::map<std::string, Tensor>;

/// A folder with the golden case's config.json and weights, as a checkpoint would hold them.
class TextFolder : public ::testing::Test {
 protected:
  void use(const std::string& name) {
    golden_ = std::make_unique<TextGolden>(name);
    write_file_atomically(folder_ / "config.json", golden_->config);
    weights_.clear();
    const auto encoder = test::make_encoder(golden_->config);
    for (const auto& [key, weight] : encoder->parameters())
      weights_[key] = test::text_weight(key, weight.stored().sizes()).to(at::kFloat);
    save();
  }
  void save() { write_tensors(folder_ / "model.safetensors", weights_, {{"format", "pt"}}); }

  /// Every name by `rename`, in the file alone.
  template <class Rename>
  void save_as(const Rename& rename, const Tensors& beside = {}) {
    Tensors out = beside;
    for (const auto& [name, tensor] : weights_) out[rename(name)] = tensor;
    write_tensors(folder_ / "model.safetensors", out);
  }

  double apart(const TextAnswer& answer = {}) {
    const auto encoder = open_text_encoder(folder_.folder(), answer);
    return furthest(encoder->encode(golden_->tokens()).states, golden_->at("states"));
  }

  std::string refusal(Code code) {
    try {
      open_text_encoder(folder_.folder());
    } catch (const Error& e) {
      EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(code)) << e.what();
      return e.what();
    }
    return "nothing was refused";
  }

  Scratch folder_;
  std::unique_ptr<TextGolden> golden_;
  Tensors weights_;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(TextFolder, EveryNetworkIsOpenedByItsConfig) {
  for (const char* name :
       {"clip_quick_gelu", "clip_projection", "clip_legacy", "bert", "bert_mean", "t5", "t5_gated"}) {
    use(name);
    EXPECT_LT(apart(), 1e-5) << name;
  }
}

TEST_F(TextFolder, NamesOfOtherVersionsAndOfLargerModels) {
  const Tensor counter = at::arange(12, at::kLong).view({1, 12});
  use("clip_quick_gelu");
  save_as([](const std::string& name) { return name; }, {{"text_model.embeddings.position_ids", counter}});
  EXPECT_LT(apart(), 1e-5);
  save_as([](const std::string& name) { return name.substr(11); }, {{"embeddings.position_ids", counter}});
  EXPECT_LT(apart(), 1e-5) << "without text_model.";

  use("bert");
  const Tensors heads{{"cls.predictions.bias", at::zeros({50})}, {"bert.embeddings.position_ids", counter}};
  save_as([](const std::string& name) { return "bert." + name; }, heads);
  EXPECT_LT(apart(), 1e-5) << "with bert.";
  save_as([](std::string name) {
    if (name.ends_with("LayerNorm.weight")) name.replace(name.size() - 6, 6, "gamma");
    if (name.ends_with("LayerNorm.bias")) name.replace(name.size() - 4, 4, "beta");
    return name;
  });
  EXPECT_LT(apart(), 1e-5) << "of TensorFlow";
  save_as([](const std::string& name) { return name; }, {{"cls.predictions.bias", at::zeros({50})}});
  EXPECT_TRUE(has(refusal(Code::input), "cls.predictions.bias"));

  use("t5");
  const Tensor table = weights_.at("shared.weight");
  save_as(
      [](const std::string& name) { return name; },
      {{"encoder.embed_tokens.weight", table}, {"decoder.final_layer_norm.weight", table}, {"lm_head.weight", table}});
  EXPECT_LT(apart(), 1e-5) << "with its decoder";
  save_as([](const std::string& name) { return name == "shared.weight" ? "embed_tokens.weight" : name.substr(8); });
  EXPECT_LT(apart(), 1e-5) << "without encoder.";
  save_as([](const std::string& name) { return name; }, {{"encoder.embed_tokens.weight", table + 1}});
  EXPECT_TRUE(has(refusal(Code::input), "encoder.embed_tokens.weight"));
}

TEST_F(TextFolder, NarrowWeightsAreWidened) {
  use("bert");
  const Tensors whole = weights_;
  for (const auto& [dtype, near] : {std::pair{at::kHalf, 2e-3}, {at::kBFloat16, 2e-2}, {at::kDouble, 1e-5}}) {
    for (auto& [name, tensor] : weights_) tensor = whole.at(name).to(dtype);
    save();
    const auto encoder = open_text_encoder(folder_.folder());
    for (const auto& [name, weight] : encoder->parameters()) {
      EXPECT_EQ(weight.stored().scalar_type(), at::kFloat) << name;
      EXPECT_TRUE(weight.stored().equal(whole.at(name).to(dtype).to(at::kFloat))) << name;
    }
    EXPECT_LT(apart(), near);
  }
  weights_.at("pooler.dense.bias") = at::zeros({24}, at::kLong);
  save();
  EXPECT_TRUE(has(refusal(Code::input), "dtype of tensor 'pooler.dense.bias'"));
}

TEST_F(TextFolder, WeightsInParts) {
  use("t5_gated");
  std::filesystem::remove(folder_ / "model.safetensors");
  Json index{{"weight_map", Json::object()}};
  std::array<Tensors, 2> parts;
  for (const auto& [name, tensor] : weights_) {
    const size_t part = name.size() % 2;
    parts[part][name] = tensor;
    index["weight_map"][name] = fmt::format("model-{}.safetensors", part);
  }
  for (const size_t part : {0, 1}) write_tensors(folder_ / fmt::format("model-{}.safetensors", part), parts[part]);
  write_file_atomically(folder_ / "model.safetensors.index.json", index.dump());
  EXPECT_LT(apart(), 1e-5);
  index["weight_map"]["shared.weight"] = "../model-0.safetensors";
  write_file_atomically(folder_ / "model.safetensors.index.json", index.dump());
  EXPECT_TRUE(has(refusal(Code::input), "weight_map"));
  index["weight_map"]["shared.weight"] = "model-0.safetensors";  // its name has an odd length
  write_file_atomically(folder_ / "model.safetensors.index.json", index.dump());
  EXPECT_TRUE(has(refusal(Code::input), "'shared.weight' is missing"));
  write_file_atomically(folder_ / "model.safetensors.index.json", "{}");
  EXPECT_TRUE(has(refusal(Code::input), "damaged"));
  std::filesystem::remove(folder_ / "model.safetensors.index.json");
  for (const size_t part : {0, 1}) std::filesystem::remove(folder_ / fmt::format("model-{}.safetensors", part));
  EXPECT_TRUE(has(refusal(Code::input), "model.safetensors"));
  // PyTorch's own: named, and how to save others.
  for (const char* name : {"optimizer.bin", "pytorch_model.bin", "training_args.bin"}) spill(folder_ / name, "PK");
  const std::string bin = refusal(Code::input);
  EXPECT_TRUE(has(bin, "got pytorch_model.bin")) << bin;
  EXPECT_TRUE(has(bin, "T5EncoderModel.from_pretrained(...).save_pretrained(..., safe_serialization=True)")) << bin;
}

TEST_F(TextFolder, WhatDoesNotFitIsRefusedByName) {
  use("clip_projection");
  const Tensors whole = weights_;
  weights_.erase("text_projection.weight");
  save();
  EXPECT_TRUE(has(refusal(Code::input), "'text_projection.weight' is missing"));
  weights_ = whole;
  weights_["text_model.encoder.layers.3.mlp.fc1.bias"] = at::zeros({40});
  save();
  EXPECT_TRUE(has(refusal(Code::input), "layers.3.mlp.fc1.bias"));
  weights_ = whole;
  weights_["text_model.final_layer_norm.bias"] = at::zeros({25});
  save();
  EXPECT_TRUE(has(refusal(Code::input), "shape of tensor 'text_model.final_layer_norm.bias'"));
  write_file_atomically(folder_ / "config.json", R"({"architectures":["UMT5EncoderModel"]})");
  EXPECT_TRUE(has(refusal(Code::usage), "UMT5EncoderModel"));
  std::filesystem::remove(folder_ / "config.json");
  EXPECT_TRUE(has(refusal(Code::io), "config.json"));
}

TEST_F(TextFolder, WeightsAreFrozenUnlessTheyAreToBeTrained) {
  use("bert");
  for (const bool trainable : {false, true}) {
    const auto encoder = open_text_encoder(folder_.folder(), {.trainable = trainable});
    for (const auto& [name, weight] : encoder->parameters())
      EXPECT_EQ(weight.stored().requires_grad(), trainable) << name;
    EXPECT_EQ(encoder->encode(golden_->tokens()).states.requires_grad(), trainable);
  }
}

TEST_F(TextFolder, PoolingIsWhatSentenceTransformersSay) {
  use("bert_mean");
  const auto pooled = [&](const TextAnswer& answer = {}) {
    return open_text_encoder(folder_.folder(), answer)->encode(golden_->tokens()).pooled;
  };
  EXPECT_GT(furthest(pooled(), golden_->at("pooled")), 0.1) << "the pooler's";
  const auto module = [](const char* kind, const char* path) { return Json{{"type", kind}, {"path", path}}; };
  Json modules{module("sentence_transformers.models.Transformer", ""),
               module("sentence_transformers.models.Pooling", "1_Pooling")};
  std::filesystem::create_directory(folder_ / "1_Pooling");
  const auto pooling = [&](const Json& json) { write_file_atomically(folder_ / "1_Pooling/config.json", json.dump()); };
  write_file_atomically(folder_ / "modules.json", modules.dump());
  pooling({{"word_embedding_dimension", 24}, {"pooling_mode_mean_tokens", true}, {"pooling_mode_cls_token", false}});
  EXPECT_LT(furthest(pooled(), golden_->at("pooled")), 1e-5);
  modules.push_back(module("sentence_transformers.models.Normalize", "2_Normalize"));
  write_file_atomically(folder_ / "modules.json", modules.dump());
  EXPECT_LT(furthest(pooled(), golden_->at("pooled of length 1")), 1e-5);
  EXPECT_LT(furthest(pooled({.normalise = false}), golden_->at("pooled")), 1e-5);
  EXPECT_FALSE(pooled({.pooling = "none"}).defined());
  pooling({{"pooling_mode_mean_tokens", true}, {"pooling_mode_max_tokens", true}});
  EXPECT_TRUE(has(refusal(Code::usage), "pooling_mode_max_tokens"));
  pooling({{"pooling_mode_mean_tokens", true}, {"pooling_mode_cls_token", true}});
  EXPECT_TRUE(has(refusal(Code::usage), "pooling_mode_"));
  pooling({{"pooling_mode_mean_tokens", true}});
  modules.push_back(module("sentence_transformers.models.Dense", "3_Dense"));
  write_file_atomically(folder_ / "modules.json", modules.dump());
  EXPECT_TRUE(has(refusal(Code::usage), "Dense"));
  // Without a pooler among the weights there is none to ask.
  std::filesystem::remove(folder_ / "modules.json");
  weights_.erase("pooler.dense.weight");
  weights_.erase("pooler.dense.bias");
  save();
  EXPECT_FALSE(pooled().defined());
  EXPECT_THROW(pooled({.pooling = "pooler"}), Error);
}

// What sentence-transformers saves since it has names of modes in place of a flag for each.
TEST_F(TextFolder, PoolingIsReadByNameAndIsTheMeanWhereNoneIsAskedFor) {
  use("bert_mean");
  write_file_atomically(folder_ / "modules.json",
                        R"([{"type": "sentence_transformers.models.Transformer", "path": ""},
                            {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}])");
  std::filesystem::create_directory(folder_ / "1_Pooling");
  const auto pooling = [&](const std::string& json) { write_file_atomically(folder_ / "1_Pooling/config.json", json); };
  const auto text = [&] { return open_text_encoder(folder_.folder())->encode(golden_->tokens()); };
  for (const char* mean :
       {R"({"embedding_dimension": 24, "pooling_mode": "mean", "include_prompt": true})",
        R"({"pooling_mode": ["mean"]})", R"({"pooling_mode": "mean", "pooling_mode_cls_token": true})",
        R"({"pooling_mode_mean_tokens": false, "pooling_mode_cls_token": false})",
        R"({"word_embedding_dimension": 24})"}) {
    pooling(mean);
    EXPECT_LT(furthest(text().pooled, golden_->at("pooled")), 1e-5) << mean;
  }
  pooling(R"({"pooling_mode": "cls"})");
  const EncodedText first = text();
  EXPECT_TRUE(first.pooled.equal(first.states.select(1, 0)));
  pooling(R"({"pooling_mode": "lasttoken"})");
  EXPECT_TRUE(has(refusal(Code::usage), "got lasttoken"));
  pooling(R"({"pooling_mode": ["mean", "cls"]})");
  EXPECT_TRUE(has(refusal(Code::usage), "one kind alone, got mean, cls"));
  pooling(R"({"pooling_mode": ["mean", "max"]})");
  EXPECT_TRUE(has(refusal(Code::usage), "got max"));
  pooling(R"({"pooling_mode": []})");
  EXPECT_TRUE(has(refusal(Code::usage), "pooling_mode"));
  pooling(R"({"pooling_mode": 3})");
  EXPECT_TRUE(has(refusal(Code::input), "pooling_mode"));
}

TEST_F(TextFolder, WhatIsAskedOfAnotherNetworkIsRefused) {
  const auto refused = [&](const TextAnswer& answer, const std::string& part) {
    expect_error(Code::usage, {part}, [&] { open_text_encoder(folder_.folder(), answer); });
  };
  use("t5");
  refused({.clip_skip = 2}, "clip_skip");
  refused({.final_norm = false}, "final_norm");
  refused({.pooling = "mean"}, "pooling");
  use("clip_legacy");
  refused({.clip_skip = 4}, "clip_skip");
  refused({.normalise = true}, "normalise");
  const auto before = open_text_encoder(folder_.folder(), {.clip_skip = 2});
  EXPECT_GT(furthest(before->encode(golden_->tokens()).states, golden_->at("states")), 0.1);
}

TEST_F(TextFolder, ASmallOneIsWrittenAndRead) {
  SmallTextConfig config;
  config.vocabulary = 60;
  config.positions = 12;
  config.width = 16;
  const auto encoder = make_small_text(config, 5);
  write_small_text(folder_.folder(), config, encoder->parameters());
  const auto again = open_text_encoder(folder_.folder());
  const TextTokens tokens{at::arange(6, at::kLong).view({1, 6})};
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(again->encode(tokens).states.equal(encoder->encode(tokens).states));
  EXPECT_EQ(again->positions(), 12);
  EXPECT_EQ(again->pooled_width(), 16);
}

// The sentence encoder itself, where ./dev data minilm has brought it.
TEST(MiniLm, SentencesAreTransformers) {
  const std::filesystem::path folder = test::tree() / "datasets/minilm";
  if (!std::filesystem::exists(folder / "model.safetensors")) GTEST_SKIP() << "./dev data minilm has not been run";
  const TextGolden golden("minilm");
  const at::NoGradGuard no_grad;
  const EncodedText text = open_text_encoder(folder)->encode(golden.tokens());
  ASSERT_EQ(text.pooled.sizes(), at::IntArrayRef({20, 384}));
  EXPECT_LT((text.pooled - golden.at("pooled")).abs().max().item<double>(), 1e-5);
  EXPECT_LT(furthest(text.pooled, golden.at("pooled").to(at::kDouble)), 1e-5);
  const Tensor rows = text.states.index_select(0, golden.at("rows")).index_select(1, golden.at("columns"));
  EXPECT_LT((rows - golden.at("states")).abs().max().item<double>(), 1e-5);
}

}  // namespace
}  // namespace roulade
