// SPDX-License-Identifier: Apache-2.0
#include "roulade/latent/autoencoder_config.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/json_table.hpp"
#include "roulade/model/resnet.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char *kWhere = "autoencoder", *kClass = "AutoencoderKL";
constexpr int64_t kMostLevels = 16;
constexpr double kMost = 1 << 20;  // of channels, blocks, pixels: what a damaged file says beyond is refused
constexpr const char *kSize = "sample_size", *kShift = "shift_factor", *kMean = "latents_mean", *kStd = "latents_std";
/// Keys whose null diffusers takes as 0 or as nothing.
constexpr std::array kNullable{kShift, kMean, kStd};

bool nullable(const std::string& key) { return std::find(kNullable.begin(), kNullable.end(), key) != kNullable.end(); }

void whole(const char* key, const std::vector<double>& list) {
  for (const double x : list)
    if (x != std::floor(x)) fail(Code::usage, kWhere, key, "integers", fmt::format("{}", x));
}

void all_are(const char* key, const std::vector<std::string>& types, const char* only) {
  for (const std::string& type : types)
    if (type != only) fail_unknown(kWhere, key, type, {only});
}

}  // namespace

void AutoencoderConfig::bind(Binder& b) {
  b.add("down_block_types", down_block_types, {}, "block of each level of the encoder: DownEncoderBlock2D");
  b.add("up_block_types", up_block_types, {}, "block of each level of the decoder: UpDecoderBlock2D");
  b.add("block_out_channels", block_out_channels, between(1, kMost), "channels of each level, the finest first");
  b.add("layers_per_block", layers_per_block, between(1, kMost),
        "residual blocks of a level on the way down; one more up");
  b.add("act_fn", act_fn, {"silu", "swish", "gelu", "mish", "relu"}, "activation of the residual blocks");
  b.add("latent_channels", latent_channels, between(1, kMost), "channels of the latents");
  b.add("norm_num_groups", norm_num_groups, at_least(1), "groups of the normalisations");
  b.add("use_quant_conv", use_quant_conv, "a 1x1 convolution behind the encoder");
  b.add("use_post_quant_conv", use_post_quant_conv, "a 1x1 convolution before the decoder");
  b.add("mid_block_add_attention", mid_block_add_attention, "attention in the middle of encoder and decoder");
}

void AutoencoderConfig::bind_whole(Binder& b) {
  bind(b);
  b.add("in_channels", in_channels, between(1, kMost), "channels of the pictures");
  b.add("out_channels", out_channels, between(1, kMost), "channels of the decoded pictures");
  b.add(kSize, sample_size, between(1, kMost), "pixels that it was trained on, one number or height and width");
  b.add("scaling_factor", scaling_factor, above(0), "what latents are multiplied by for the denoiser");
  b.add(kShift, shift_factor, {}, "what is taken from latents before");
  b.add(kMean, latents_mean, {}, "mean of each latent channel, taken away before");
  b.add(kStd, latents_std, above(0), "deviation of each latent channel, which they are divided by");
  b.add("force_upcast", force_upcast, "pipelines in float16 compute it in float32");
}

void AutoencoderConfig::check() const {
  const auto one_each = [&](const char* key, size_t size) {
    if (size != block_out_channels.size())
      fail(Code::usage, kWhere, key, fmt::format("{} entries, one for each of block_out_channels", levels()),
           fmt::format("{}", size));
  };
  if (block_out_channels.empty() || levels() > kMostLevels)
    fail(Code::usage, kWhere, "block_out_channels", fmt::format("1 to {} levels", kMostLevels),
         fmt::format("{}", levels()));
  whole("block_out_channels", block_out_channels);
  one_each("down_block_types", down_block_types.size());
  one_each("up_block_types", up_block_types.size());
  all_are("down_block_types", down_block_types, "DownEncoderBlock2D");
  all_are("up_block_types", up_block_types, "UpDecoderBlock2D");
  activation_of(act_fn);
  whole(kSize, sample_size);
  if (sample_size.empty() || sample_size.size() > 2)
    fail(Code::usage, kWhere, kSize, "one number, or height and width", fmt::format("{}", sample_size.size()));
  if (latents_mean.empty() != latents_std.empty())
    fail(Code::usage, kWhere, latents_mean.empty() ? kMean : kStd, "both of latents_mean and latents_std, or neither",
         "one");
  for (const auto& [key, list] : {std::pair{kMean, &latents_mean}, std::pair{kStd, &latents_std}})
    if (!list->empty() && list->size() != static_cast<size_t>(latent_channels))
      fail(Code::usage, kWhere, key, fmt::format("{} numbers, one for each latent channel", latent_channels),
           fmt::format("{}", list->size()));
  if (!latents_mean.empty() && shift_factor != 0)
    fail(Code::usage, kWhere, kShift, "none beside latents_mean, which does the same by channel",
         fmt::format("{}", shift_factor));
}

AutoencoderConfig parse_autoencoder_config(const std::string& text, const std::string& where) {
  JsonTable json = parse_json_table(text, where);
  if (const auto name = json.values.find("_class_name");
      name != json.values.end() && name->second.value != Value(std::string(kClass)))
    fail(Code::usage, where, "_class_name", kClass, to_text(name->second.value));
  const auto passed_over = [](const std::string& key) { return key.starts_with("_"); };
  for (const std::string& key : json.others)
    if (!passed_over(key)) fail(Code::input, where, key, "a number, a text or a list of either");
  for (const std::string& key : json.nulls)
    if (!passed_over(key) && !nullable(key)) fail(Code::usage, where, key, "a value", "null");
  std::erase_if(json.values, [&](const auto& entry) { return passed_over(entry.first); });
  if (const auto size = json.values.find(kSize); size != json.values.end())
    if (const auto* one = std::get_if<int64_t>(&size->second.value))
      size->second.value = std::vector<double>{static_cast<double>(*one)};
  AutoencoderConfig config;
  for (const std::string& key : json.nulls)
    if (!passed_over(key) && key != kShift) json.values[key] = Given(Value(std::vector<double>()), where);
  Binder binder(kWhere, json.values);
  config.bind_whole(binder);
  binder.finish();
  config.check();
  return config;
}

std::string autoencoder_config_text(const AutoencoderConfig& config) {
  AutoencoderConfig copy = config;
  const Table none;
  Binder binder(kWhere, none);
  copy.bind_whole(binder);
  Json json{{"_class_name", kClass}, {"_diffusers_version", "0.42.1"}};
  for (const auto& [key, given] : binder.resolved())
    json[key] = std::visit([](const auto& v) { return Json(v); }, given.value);
  for (const char* key : {"block_out_channels", kSize})
    for (Json& number : json[key]) number = static_cast<int64_t>(number.get<double>());
  if (json[kSize].size() == 1) json[kSize] = Json(json[kSize].at(0));
  if (config.shift_factor == 0) json[kShift] = nullptr;
  for (const char* key : {kMean, kStd})
    if (json[key].empty()) json[key] = nullptr;
  return json.dump(2) + "\n";
}

}  // namespace roulade
