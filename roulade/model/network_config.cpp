// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/network_config.hpp"

#include "roulade/core/error.hpp"

#include <set>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::ordered_json;

/// Keys whose null diffusers takes as this network's 0 or empty text.
const std::set<std::string>& nullable() {
  static const std::set<std::string> keys{"mid_block_type",      "attention_head_dim", "attn_norm_num_groups",
                                          "time_embedding_dim",  "class_embed_type",   "num_class_embeds",
                                          "num_train_timesteps", "out_channels"};
  return keys;
}

Value value_of(const Json& json, const std::string& key, const std::string& where) {
  if (json.is_null())
    return key == "mid_block_type" || key == "class_embed_type" ? Value(std::string()) : Value(int64_t{0});
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array() && !json.empty() && json.front().is_string()) {
    std::vector<std::string> words;
    for (const Json& one : json) words.push_back(one.is_string() ? one.get<std::string>() : one.dump());
    return words;
  }
  if (json.is_array()) {
    std::vector<double> numbers;
    for (const Json& one : json) {
      if (!one.is_number()) fail(Code::input, where, key, "a list of numbers", json.dump());
      numbers.push_back(one.get<double>());
    }
    return numbers;
  }
  fail(Code::input, where, key, "a number, a text or a list", json.dump());
}

/// Keys of diffusers that change nothing of the arithmetic, or only one value of which there is.
bool passed_over(const std::string& key, const Json& value, const std::string& where) {
  if (key.starts_with("_") || key == "norm_num_groups") return true;
  if (key == "norm_type") {
    if (value != "ada_norm_zero") fail(Code::usage, where, key, "ada_norm_zero", value.dump());
    return true;
  }
  return key == "upcast_attention";
}

template <class Config>
Config parse(const std::string& text, const std::string& where, const std::string& class_name) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& e) {
    fail(Code::input, where, "JSON", "an object", e.what());
  }
  if (!json.is_object()) fail(Code::input, where, "JSON", "an object", json.type_name());
  if (const auto name = json.find("_class_name"); name != json.end() && *name != class_name)
    fail(Code::usage, where, "_class_name", class_name, name->dump());
  constexpr bool kUnet = std::is_same_v<Config, UnetConfig>;
  Table table;
  for (const auto& [key, value] : json.items()) {
    if (kUnet ? key.starts_with("_") || key == "sample_size" : passed_over(key, value, where)) continue;
    if (value.is_null() && !nullable().contains(key)) fail(Code::usage, where, key, "a value", "null");
    table[key] = Given(value_of(value, key, where), where);
  }
  Config config;
  Binder binder("model", table);
  config.bind_whole(binder);
  binder.finish();
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
  UnetConfig config = parse<UnetConfig>(text, where, "UNet2DModel");
  config.check();
  return config;
}

DitConfig parse_dit_config(const std::string& text, const std::string& where) {
  DitConfig config = parse<DitConfig>(text, where, "DiTTransformer2DModel");
  config.check();
  return config;
}

std::string unet_config_text(const UnetConfig& config, std::array<int64_t, 2> size) {
  Json json = written(config, "UNet2DModel");
  if (size[0] == size[1])
    json["sample_size"] = size[0];
  else
    json["sample_size"] = size;
  json["block_out_channels"] = Json::array();
  for (int64_t level = 0; level < config.levels(); ++level)
    json["block_out_channels"].push_back(config.channels(level));
  return json.dump(2) + "\n";
}

std::string dit_config_text(const DitConfig& config) {
  Json json = written(config, "DiTTransformer2DModel");
  json["norm_type"] = "ada_norm_zero";
  return json.dump(2) + "\n";
}

std::string current_tensor_name(std::string name) {
  static const std::pair<std::string, std::string> renamed[] = {
      {".query.", ".to_q."}, {".key.", ".to_k."}, {".value.", ".to_v."}, {".proj_attn.", ".to_out.0."}};
  for (const auto& [from, to] : renamed)
    if (const size_t at = name.rfind(from); at != std::string::npos && name.find(".attentions.") != std::string::npos)
      name.replace(at, from.size(), to);
  return name;
}

}  // namespace roulade
