// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/network_config.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/json_table.hpp"

#include <set>
#include <utility>

#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char *kUnet = "UNet2DModel", *kDit = "DiTTransformer2DModel";

/// Keys whose null diffusers takes as this network's 0 or empty text.
const std::set<std::string>& nullable() {
  static const std::set<std::string> keys{"mid_block_type",      "attention_head_dim", "attn_norm_num_groups",
                                          "time_embedding_dim",  "class_embed_type",   "num_class_embeds",
                                          "num_train_timesteps", "out_channels"};
  return keys;
}

/// Keys without a say in the arithmetic: what a pipeline goes by, and what diffusers' own class does not look at.
const std::set<std::string> kUnetIgnored{"sample_size"}, kDitIgnored{"norm_num_groups", "upcast_attention"};

template <class Config>
Config parse(const std::string& text, const std::string& where, const char* class_name,
             const std::set<std::string>& ignored) {
  JsonTable json = parse_json_table(text, where);
  if (const auto name = json.values.find("_class_name");
      name != json.values.end() && name->second.value != Value(std::string(class_name)))
    fail(Code::usage, where, "_class_name", class_name, to_text(name->second.value));
  const auto passed_over = [&](const std::string& key) { return key.starts_with("_") || ignored.contains(key); };
  for (const std::string& key : json.others)
    if (!passed_over(key)) fail(Code::input, where, key, "a number, a text or a list of either");
  for (const std::string& key : json.nulls) {
    if (passed_over(key)) continue;
    if (!nullable().contains(key)) fail(Code::usage, where, key, "a value", "null");
    const bool text_key = key == "mid_block_type" || key == "class_embed_type";
    json.values[key] = Given(text_key ? Value(std::string()) : Value(int64_t{0}), where);
  }
  std::erase_if(json.values, [&](const auto& entry) { return passed_over(entry.first); });
  Config config;
  Binder binder("model", json.values);
  config.bind_whole(binder);
  binder.finish();
  config.check();
  return config;
}

template <class Config>
Json written(Config config, const std::string& class_name) {
  const Table none;
  Binder binder("model", none);
  config.bind_whole(binder);
  Json json{{"_class_name", class_name}, {"_diffusers_version", "0.42.1"}};
  for (const auto& [key, given] : binder.resolved()) {
    Json value = std::visit([](const auto& v) { return Json(v); }, given.value);
    if (nullable().contains(key) && (value == 0 || value == "")) value = nullptr;
    json[key] = std::move(value);
  }
  return json;
}

}  // namespace

UnetConfig parse_unet_config(const std::string& text, const std::string& where) {
  return parse<UnetConfig>(text, where, kUnet, kUnetIgnored);
}

DitConfig parse_dit_config(const std::string& text, const std::string& where) {
  return parse<DitConfig>(text, where, kDit, kDitIgnored);
}

std::string unet_config_text(const UnetConfig& config, std::array<int64_t, 2> size) {
  Json json = written(config, kUnet);
  if (size[0] == size[1])
    json["sample_size"] = size[0];
  else
    json["sample_size"] = size;
  json["block_out_channels"] = Json::array();
  for (int64_t level = 0; level < config.levels(); ++level)
    json["block_out_channels"].push_back(config.channels(level));
  return json.dump(2) + "\n";
}

std::string dit_config_text(const DitConfig& config) { return written(config, kDit).dump(2) + "\n"; }

}  // namespace roulade
