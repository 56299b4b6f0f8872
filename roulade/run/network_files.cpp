// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/network_files.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/model/dit.hpp"
#include "roulade/model/network_config.hpp"
#include "roulade/model/unet.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/scheduler_config.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/train/optimiser.hpp"
#include "roulade/train/trainer.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

nlohmann::ordered_json to_json(const Value& value) {
  return std::visit([](const auto& v) { return nlohmann::ordered_json(v); }, value);
}

nlohmann::ordered_json to_json(const Table& table) {
  nlohmann::ordered_json out;
  for (const auto& [key, given] : table) out[key] = to_json(given.value);
  return out;
}

constexpr const char *kUnet = "unet", *kTransformer = "transformer", *kModel = "model",
                     *kVae = "vae";  // as diffusers' pipelines
constexpr const char* kWeights = "diffusion_pytorch_model.safetensors";

std::string folder_name(const Recipe& resolved) {
  const std::string& kind = text_of(resolved, "model", "kind");
  return kind == "unet" ? kUnet : kind == "dit" ? kTransformer : kModel;
}

std::string config_text(const Recipe& resolved, const ModelShape& shape, const std::string& name, bool denoiser) {
  const Table& model = resolved.tables.at("model");
  Binder binder("model", model);
  if (name == kUnet) return unet_config_text(unet_config_for(binder, shape), {shape.sample[1], shape.sample[2]});
  if (name == kTransformer) return dit_config_text(dit_config_for(binder, shape));
  nlohmann::ordered_json config = to_json(model);
  if (!denoiser) config["objective"] = to_json(resolved.tables.at("objective"));
  config["_class_name"] = "RouladePointNetwork";
  config["sample_shape"] = shape.sample;
  config["classes"] = shape.classes;
  config["answers"] = shape.answers;
  return config.dump(2) + "\n";
}

}  // namespace

std::filesystem::path network_file(const std::filesystem::path& folder) {
  for (const char* name : {kUnet, kTransformer, kVae})
    if (std::filesystem::exists(folder / name / kWeights)) return folder / name / kWeights;
  return folder / kModel / kWeights;
}

void write_network(const std::filesystem::path& folder, const Recipe& resolved, const ModelShape& shape,
                   const std::map<std::string, Tensor>& weights) {
  const Table& objective = resolved.tables.at("objective");
  const bool denoiser = objective.at("kind").value == Value(ObjectiveSettings().kind);
  const std::string name = denoiser ? folder_name(resolved) : kModel;
  std::filesystem::create_directories(folder / name);
  write_file_atomically(folder / name / "config.json", config_text(resolved, shape, name, denoiser));
  write_tensors(folder / name / kWeights, weights, {{"format", "pt"}});
  if (!denoiser) return;

  std::filesystem::create_directories(folder / "scheduler");
  const SchedulerText theirs = name == kModel ? SchedulerText() : scheduler_config_text(resolved);
  if (!theirs.text.empty()) return write_file_atomically(folder / "scheduler/scheduler_config.json", theirs.text);
  nlohmann::ordered_json schedule = to_json(resolved.tables.at("schedule"));
  schedule["_class_name"] = "RouladeSchedule";
  schedule["prediction"] = to_json(resolved.tables.at("denoiser").at("prediction").value);
  schedule["variance_type"] = shape.answers == 2 ? "learned_range" : "fixed_small";
  write_file_atomically(folder / "scheduler/scheduler_config.json", schedule.dump(2) + "\n");
}

void fill_network(const Model& model, const std::map<std::string, Tensor>& weights, const std::string& where) {
  fill_network(model.parameters(), weights, where);
}

void freeze(const NamedWeights& weights) {
  for (const auto& [name, weight] : weights) weight.stored().requires_grad_(false);
}

std::map<std::string, Tensor> read_network(const std::filesystem::path& folder) {
  return read_tensors(network_file(folder)).tensors;
}

std::map<std::string, Tensor> read_raw_network(const std::filesystem::path& checkpoint, const std::string& group) {
  const std::string prefix = group + ".raw.";
  std::map<std::string, Tensor> out;
  for (const auto& [name, tensor] : read_tensors(checkpoint / Trainer::kTensorsFile).tensors)
    if (name.rfind(prefix, 0) == 0) out[name.substr(prefix.size())] = tensor;
  return out;
}

}  // namespace roulade
