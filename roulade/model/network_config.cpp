// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/network_config.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/json_table.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char *kUnet = "UNet2DModel", *kConditional = "UNet2DConditionModel", *kDit = "DiTTransformer2DModel";
constexpr const char *kHeads = "attention_head_dim", *kHeadList = "num_attention_heads", *kMiddle = "mid_block_type",
                     *kProjection = "encoder_hid_dim_type";

/// Keys whose null diffusers takes as this network's 0 or empty text.
const std::set<std::string>& nullable() {
  static const std::set<std::string> keys{kMiddle,
                                          kHeads,
                                          "attn_norm_num_groups",
                                          "time_embedding_dim",
                                          "class_embed_type",
                                          "num_class_embeds",
                                          "num_train_timesteps",
                                          "out_channels",
                                          "encoder_hid_dim",
                                          "addition_embed_type",
                                          "addition_time_embed_dim",
                                          "projection_class_embeddings_input_dim",
                                          "time_cond_proj_dim"};
  return keys;
}

bool is_text(const std::string& key) { return key.ends_with("_type"); }

/// Keys without a say in the arithmetic: what a pipeline goes by, what diffusers' own class does not look at, and of
/// the conditional network what PyTorch's attention does not (upcast_attention) or what is no part of it.
const std::set<std::string> kUnetIgnored{"sample_size"}, kDitIgnored{"norm_num_groups", "upcast_attention"},
    kConditionalIgnored{"sample_size", "upcast_attention", "addition_embed_type_num_heads"};

/// Keys of which the conditional network computes one value alone, beside null.
const std::map<std::string, std::optional<Value>>& fixed() {
  static const std::map<std::string, std::optional<Value>> keys{{kHeadList, std::nullopt},
                                                                {"reverse_transformer_layers_per_block", std::nullopt},
                                                                {"dual_cross_attention", false},
                                                                {"resnet_skip_time_act", false},
                                                                {"resnet_out_scale_factor", 1.0},
                                                                {"time_embedding_act_fn", std::nullopt},
                                                                {"timestep_post_act", std::nullopt},
                                                                {"attention_type", std::string("default")},
                                                                {"class_embeddings_concat", false},
                                                                {"mid_block_only_cross_attention", false},
                                                                {"cross_attention_norm", std::nullopt}};
  return keys;
}

/// Keys of the conditional network with one number for all levels, or one for each.
const std::set<std::string>& by_level() {
  static const std::set<std::string> keys{"cross_attention_dim", "transformer_layers_per_block", "only_cross_attention",
                                          kHeadList};
  return keys;
}

double number_of(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  if (const auto* whole = std::get_if<int64_t>(&value)) return static_cast<double>(*whole);
  const auto* number = std::get_if<double>(&value);
  return number != nullptr ? *number : std::nan("");
}

bool is_class(const JsonTable& json, const char* class_name) {
  const auto name = json.values.find("_class_name");
  return name != json.values.end() && name->second.value == Value(std::string(class_name));
}

/// Brings the conditional network's keys to this program's: lists where one number may stand, heads under their name.
void translate(JsonTable& json, const std::string& where) {
  for (const auto& [key, only] : fixed()) {
    std::erase(json.nulls, key);
    const bool list = std::find(json.others.begin(), json.others.end(), key) != json.others.end();
    const auto given = json.values.find(key);
    if (!list && given == json.values.end()) continue;
    const bool same =
        !list && only && (given->second.value == *only || number_of(given->second.value) == number_of(*only));
    if (!same)
      fail(Code::usage, where, key, (only ? to_text(*only) : "null") + ": no other is computed",
           list ? "a list" : to_text(given->second.value));
    json.values.erase(given);
  }
  if (std::find(json.nulls.begin(), json.nulls.end(), kHeads) != json.nulls.end())
    fail(Code::usage, where, kHeads, "the number of heads, as diffusers takes it here", "null");
  if (const auto heads = json.values.find(kHeads);
      heads != json.values.end() && std::holds_alternative<std::vector<double>>(heads->second.value)) {
    json.values[kHeadList] = heads->second;
    json.values.erase(heads);
  }
  for (const std::string& key : by_level())
    if (const auto given = json.values.find(key); given != json.values.end())
      if (const double x = number_of(given->second.value); !std::isnan(x)) given->second.value = std::vector<double>{x};
  std::erase(json.nulls, kProjection);
  if (const auto kind = json.values.find(kProjection); kind != json.values.end()) {
    const auto width = json.values.find("encoder_hid_dim");
    if (kind->second.value != Value(std::string("text_proj")))
      fail(Code::usage, where, kProjection, "text_proj or null", to_text(kind->second.value));
    if (width == json.values.end()) fail(Code::usage, where, "encoder_hid_dim", "a width for text_proj", "null");
    json.values.erase(kind);
  }
}

template <class Config>
Config parse(JsonTable json, const std::string& where, const char* class_name, const std::set<std::string>& ignored,
             Config config) {
  if (json.values.contains("_class_name") && !is_class(json, class_name))
    fail(Code::usage, where, "_class_name", class_name, to_text(json.values.at("_class_name").value));
  const auto passed_over = [&](const std::string& key) { return key.starts_with("_") || ignored.contains(key); };
  for (const std::string& key : json.others)
    if (!passed_over(key)) fail(Code::input, where, key, "a number, a text or a list of either");
  for (const std::string& key : json.nulls) {
    if (passed_over(key)) continue;
    if (!nullable().contains(key)) fail(Code::usage, where, key, "a value", "null");
    json.values[key] = Given(is_text(key) ? Value(std::string()) : Value(int64_t{0}), where);
  }
  std::erase_if(json.values, [&](const auto& entry) { return passed_over(entry.first); });
  Binder binder("model", json.values);
  config.bind_whole(binder);
  binder.finish();
  config.check();
  return config;
}

Json whole_numbers(const std::vector<double>& list) {
  Json out = Json::array();
  for (const double x : list) out.push_back(static_cast<int64_t>(x));
  return out;
}

template <class Config>
Json written(Config config, const std::string& class_name) {
  const Table none;
  Binder binder("model", none);
  config.bind_whole(binder);
  Json json{{"_class_name", class_name}, {"_diffusers_version", "0.42.1"}};
  for (const auto& [key, given] : binder.resolved()) {
    const auto* list = std::get_if<std::vector<double>>(&given.value);
    Json value =
        list != nullptr ? whole_numbers(*list) : std::visit([](const auto& v) { return Json(v); }, given.value);
    if (nullable().contains(key) && (value == 0 || value == "")) value = nullptr;
    json[key] = std::move(value);
  }
  return json;
}

/// The way back of translate().
void translate_back(Json& json, const UnetConfig& config) {
  const auto short_list = [](Json& list) {
    if (list.size() == 1) list = Json(list.at(0));
  };
  for (const std::string& key : by_level()) short_list(json[key]);
  Json& flags = json["only_cross_attention"];
  if (flags.is_array())
    for (Json& one : flags) one = one == 1;
  else
    flags = flags == 1;
  if (!config.num_attention_heads.empty()) json[kHeads] = json[kHeadList];
  json[kHeadList] = nullptr;
  json[kProjection] = config.encoder_hid_dim > 0 ? Json("text_proj") : Json(nullptr);
}

}  // namespace

UnetConfig parse_unet_config(const std::string& text, const std::string& where) {
  JsonTable json = parse_json_table(text, where);
  if (!is_class(json, kConditional)) return parse(std::move(json), where, kUnet, kUnetIgnored, UnetConfig());
  translate(json, where);
  return parse(std::move(json), where, kConditional, kConditionalIgnored, UnetConfig::conditional_defaults());
}

DitConfig parse_dit_config(const std::string& text, const std::string& where) {
  return parse(parse_json_table(text, where), where, kDit, kDitIgnored, DitConfig());
}

std::string unet_config_text(const UnetConfig& config, std::array<int64_t, 2> size) {
  Json json = written(config, config.conditional() ? kConditional : kUnet);
  if (config.conditional()) translate_back(json, config);
  if (size[0] == size[1])
    json["sample_size"] = size[0];
  else
    json["sample_size"] = size;
  return json.dump(2) + "\n";
}

std::string dit_config_text(const DitConfig& config) { return written(config, kDit).dump(2) + "\n"; }

}  // namespace roulade
