// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/diffusers_folder.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/json_table.hpp"
#include "roulade/data/image_set.hpp"
#include "roulade/io/file.hpp"
#include "roulade/model/network_config.hpp"
#include "roulade/run/diffusers_keys.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/run_texts.hpp"
#include "roulade/run/scheduler_config.hpp"
#include "roulade/train/trainer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargest = uint64_t{1} << 22;
constexpr const char *kIndex = "model_index.json", *kUnet = "UNet2DModel", *kConditional = "UNet2DConditionModel",
                     *kDit = "DiTTransformer2DModel";
constexpr const char *kDdpm = "DDPMScheduler", *kDdim = "DDIMScheduler";
/// Classes that clip, and whether they do unless told otherwise. The others keep clip_sample unread: from_config leaves
/// it in a configuration that was another class's, and TCDScheduler has the key alone.
const std::map<std::string, bool> kClips{
    {kDdpm, true}, {kDdim, true}, {"LCMScheduler", false}, {"HeunDiscreteScheduler", false}};
constexpr int64_t kPipelineSteps = 50;  // of DDIMPipeline, and of most others
constexpr int64_t kCount = 16;          // samples, where nobody says how many

JsonTable read_json(const fs::path& file) { return parse_json_table(read_file(file, kLargest), file.string()); }

template <class T>
std::optional<T> value_of(const JsonTable& json, const std::string& key) {
  const auto given = json.values.find(key);
  if (given == json.values.end()) return std::nullopt;
  const T* value = std::get_if<T>(&given->second.value);
  return value != nullptr ? std::optional<T>(*value) : std::nullopt;
}

std::string class_of(const JsonTable& json) { return value_of<std::string>(json, "_class_name").value_or(""); }

/// FOLDER/NAME, or the folder itself where the component lies there.
fs::path component(const fs::path& folder, const char* name, const char* file) {
  return fs::exists(folder / name / file) ? folder / name : folder;
}

std::string pipeline_of(const fs::path& folder) {
  const fs::path file = folder / kIndex;
  if (!fs::exists(file)) return "";
  const JsonTable json = read_json(file);
  std::string name = class_of(json);
  if (json.values.contains("vae") || name == "LDMPipeline")
    fail(Code::usage, file.string(), "a pipeline of pictures", "DDPMPipeline or DDIMPipeline",
         fmt::format("{}: its network works in an autoencoder's space", name));
  static const std::vector<std::string> known{"DDPMPipeline", "DDIMPipeline", "PNDMPipeline", "DiTPipeline"};
  if (std::find(known.begin(), known.end(), name) == known.end())
    fail(Code::usage, file.string(), "_class_name", "DDPMPipeline or DDIMPipeline", name);
  return name;
}

/// Axes of a picture: channels, height, width.
std::vector<int64_t> shape_of(const JsonTable& json, const std::string& file, int64_t channels) {
  if (const auto size = value_of<int64_t>(json, "sample_size"); size && *size > 0) return {channels, *size, *size};
  if (const auto sizes = value_of<std::vector<double>>(json, "sample_size"); sizes && sizes->size() == 2)
    return {channels, static_cast<int64_t>(sizes->at(0)), static_cast<int64_t>(sizes->at(1))};
  fail(Code::usage, file, "sample_size", "the height and width of its pictures", "none");
}

/// Pictures of 0 to 255, which the network knows as -1 to 1; all classes alike often.
DataFacts picture_facts(const std::vector<int64_t>& shape, int64_t classes) {
  DataFacts facts;
  facts.shape = shape;
  facts.high = 255;
  facts.columns = picture_columns(shape);
  facts.class_shares.assign(static_cast<size_t>(classes), 1 / static_cast<double>(std::max<int64_t>(classes, 1)));
  facts.scaling.mean.assign(facts.columns.size(), 127.5);
  facts.scaling.deviation.assign(facts.columns.size(), 127.5);
  return facts;
}

/// What the configuration of a network says.
struct Network {
  std::vector<int64_t> shape;
  int64_t answers = 0;  ///< channels of the answer
  int64_t classes = 0;
  bool has_no_class = false;
};

/// The keys that a recipe's [model] has.
template <class Config>
Table model_table(const char* kind, Config config) {
  const Table none;
  Binder binder("model", none);
  config.bind(binder);
  Table out = binder.resolved();
  out["kind"] = kind;
  return out;
}

/// What reads the texts that the network is told.
void read_text_encoder(DiffusersFolder& out, const UnetConfig& config, const std::string& where, bool alone) {
  const auto none = [&](const char* key, bool given) {
    if (given) fail(Code::usage, where, key, "null: nothing but the texts is told to the network", "another value");
  };
  none("addition_embed_type", !config.addition_embed_type.empty());
  none("time_cond_proj_dim", config.time_cond_proj_dim > 0);
  out.token_width = config.token_width();
  const fs::path encoder = out.folder / "text_encoder";
  const bool there = fs::exists(encoder / "config.json");
  if (!there && alone) return;
  if (!there)
    fail(Code::io, encoder.string(), "no text encoder, and the network reads texts", "config.json and weights");
  Table& text = out.recipe.tables["text"];
  text["kind"] = TextSettings::kFolder;
  text["path"] = encoder.string();
}

/// alone: where its weights are all that is wanted.
Network read_network_config(DiffusersFolder& out, bool alone) {
  const fs::path file = out.network / "config.json";
  const std::string text = read_file(file, kLargest), where = file.string();
  const JsonTable json = parse_json_table(text, where);
  out.network_class = class_of(json);
  Network network;
  if (out.network_class == kUnet || out.network_class == kConditional) {
    const UnetConfig config = parse_unet_config(text, where);
    if (config.conditional()) read_text_encoder(out, config, where, alone);
    if (!config.class_embed_type.empty())
      fail(Code::usage, where, "class_embed_type", "null (a table of num_class_embeds rows)", config.class_embed_type);
    out.recipe.tables["model"] = model_table("unet", config);
    if (config.conditional()) out.recipe.tables["model"]["condition"] = TextWay::kCross;
    if (alone) return network;
    network = {shape_of(json, where, config.in_channels), config.out_channels, config.num_class_embeds, false};
  } else if (out.network_class == kDit) {
    const DitConfig config = parse_dit_config(text, where);
    network = {{config.in_channels, config.sample_size, config.sample_size},
               config.answers(),
               config.num_embeds_ada_norm,
               true};
    out.recipe.tables["model"] = model_table("dit", config);
  } else {
    fail(Code::usage, where, "_class_name", fmt::format("{}, {} or {}", kUnet, kConditional, kDit), out.network_class);
  }
  const int64_t channels = network.shape[0];
  if (network.answers != channels && network.answers != 2 * channels)
    fail(Code::usage, where, "out_channels", fmt::format("{} or {}", channels, 2 * channels),
         fmt::format("{}", network.answers));
  return network;
}

/// Schedule, denoiser and sampler of the recipe.
void read_scheduler(DiffusersFolder& out, const Network& network, bool other_walk) {
  const std::string where = out.scheduler.string();
  JsonTable json = parse_python_json_table(read_file(out.scheduler, kLargest), where);
  if (class_of(json) == "RouladeSchedule")
    fail(Code::usage, where, "_class_name", "a class of diffusers", "a schedule that diffusers has not");
  if (out.pipeline == "DDIMPipeline") json.values["_class_name"] = Given(std::string(kDdim));
  out.scheduler_class = class_of(json);
  check_scheduler_keys(json, where, other_walk);
  check_scheduler_of_network(json, where, network.shape[0], network.answers, other_walk);
  DiffusersConfig config;
  try {
    config = read_diffusers(json.values, other_walk);
  } catch (const Error& e) {
    throw Error(e.code(), fmt::format("[{}] {}", where, e.what()));
  }
  if (config.schedule.empty() || config.prediction.empty() || config.prediction == "edm")
    fail(Code::usage, where, "_class_name", "a class with a schedule and a prediction of its own", out.scheduler_class);

  auto& tables = out.recipe.tables;
  tables["schedule"] = config.schedule_options;
  tables["schedule"]["kind"] = config.schedule;
  Table& denoiser = tables["denoiser"];
  denoiser["prediction"] = config.prediction;
  double range = 0;
  if (const auto clips = kClips.find(out.scheduler_class);
      clips != kClips.end() && value_of<bool>(json, "clip_sample").value_or(clips->second)) {
    range = value_of<double>(json, "clip_sample_range").value_or(1);
    if (const auto whole = value_of<int64_t>(json, "clip_sample_range")) range = static_cast<double>(*whole);
    if (!(range > 0)) fail(Code::usage, where, "clip_sample_range", "above 0", fmt::format("{}", range));
  }
  denoiser["clip"] = range;
  if (network.answers == 2 * network.shape[0]) denoiser["variance"] = "learned";

  Table& sample = tables["sample"];
  if (!config.walk.sampler.empty()) {  // else the caller names both
    sample = config.walk.options;
    sample["sampler"] = config.walk.sampler;
    sample["grid"] = config.walk.grid;
    for (const auto& [key, option] : config.walk.grid_options) sample[key] = option;
  }
  const int64_t states = value_of<int64_t>(json, "num_train_timesteps").value_or(1000);
  const int64_t usual =
      out.scheduler_class == kDdpm ? std::min<int64_t>(states, 1000) : std::min(states, kPipelineSteps);
  sample["steps"] = value_of<int64_t>(json, "_num_inference_steps").value_or(usual);
  sample["count"] = kCount;
}

/// Of a network: in a folder of its own, or in the folder itself.
fs::path network_of(const fs::path& folder) {
  const bool transformer = fs::exists(folder / "transformer/config.json");
  return transformer ? folder / "transformer" : component(folder, "unet", "config.json");
}

bool is_checkpoint(const fs::path& folder) { return fs::exists(folder / Trainer::kStateFile); }

void refuse_checkpoint(const fs::path& folder) {
  if (is_checkpoint(folder))
    fail(Code::usage, folder.string(), "a checkpoint of a run", "the run itself, with --checkpoint STEP");
}

}  // namespace

bool is_diffusers_folder(const fs::path& folder) {
  if (fs::exists(RunFolder{folder}.recipe())) return false;
  if (fs::exists(folder / kIndex)) return true;
  return fs::exists(folder / "scheduler/scheduler_config.json") &&
         (fs::exists(folder / "unet/config.json") || fs::exists(folder / "transformer/config.json"));
}

bool is_network_folder(const fs::path& folder) {
  if (is_diffusers_folder(folder)) return true;
  if (fs::exists(RunFolder{folder}.recipe())) return false;
  const fs::path file = network_of(folder) / "config.json";
  if (!fs::exists(file)) return false;
  const std::string name = class_of(read_json(file));
  return name == kUnet || name == kConditional || name == kDit;
}

DiffusersFolder read_diffusers_network(const fs::path& folder) {
  refuse_checkpoint(folder);
  DiffusersFolder out;
  out.folder = folder;
  out.network = network_of(folder);
  read_network_config(out, true);
  return out;
}

DiffusersFolder read_diffusers_folder(const fs::path& folder, bool other_walk) {
  refuse_checkpoint(folder);
  DiffusersFolder out;
  out.folder = folder;
  out.pipeline = pipeline_of(folder);
  out.network = network_of(folder);
  out.scheduler = component(folder, "scheduler", "scheduler_config.json") / "scheduler_config.json";
  const Network network = read_network_config(out, false);
  read_scheduler(out, network, other_walk);
  out.recipe.tables["data"]["scale"] = "pixels";
  const RunFolder ours{folder};
  if (!fs::exists(ours.facts())) {
    if (fs::exists(ours.autoencoder() / "config.json"))
      fail(Code::usage, ours.autoencoder().string(), "its network works in an autoencoder's space",
           "a data.json beside, of roulade export, that says how", "none");
    out.facts = picture_facts(network.shape, network.classes);
    out.has_no_class = network.has_no_class;
    return out;
  }
  out.facts = read_facts(ours);  // one row of the network's table more than classes
  if (!out.facts.text.reading.empty()) {
    Table& text = out.recipe.tables["text"];
    for (const auto& [key, given] : out.facts.text.reading) text[key] = given;
  }
  out.has_no_class = true;
  const int64_t rows = network.classes - (network.has_no_class ? 0 : 1);
  const auto shape = out.facts.network_axes();
  if (shape != network.shape || (out.facts.classes() > 0 && out.facts.classes() != rows))
    fail(Code::input, ours.facts().string(), "shape and classes",
         fmt::format("{} and {}, the network's", network.shape, std::max<int64_t>(rows, 0)),
         fmt::format("{} and {}", shape, out.facts.classes()));
  return out;
}

}  // namespace roulade
