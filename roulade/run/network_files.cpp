// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/network_files.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/tensor_file.hpp"
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

}  // namespace

std::filesystem::path network_file(const std::filesystem::path& folder) {
  return folder / "model/diffusion_pytorch_model.safetensors";
}

void write_network(const std::filesystem::path& folder, const Recipe& resolved, const ModelShape& shape,
                   const std::map<std::string, Tensor>& weights) {
  std::filesystem::create_directories(folder / "model");
  const Table& objective = resolved.tables.at("objective");
  const bool denoiser = objective.at("kind").value == Value(ObjectiveSettings().kind);
  nlohmann::ordered_json config = to_json(resolved.tables.at("model"));
  if (!denoiser) config["objective"] = to_json(objective);
  config["_class_name"] = "RouladePointNetwork";
  config["sample_shape"] = shape.sample;
  config["classes"] = shape.classes;
  config["answers"] = shape.answers;
  write_file_atomically(folder / "model/config.json", config.dump(2) + "\n");
  write_tensors(network_file(folder), weights, {{"format", "pt"}});
  if (!denoiser) return;

  std::filesystem::create_directories(folder / "scheduler");
  nlohmann::ordered_json schedule = to_json(resolved.tables.at("schedule"));
  schedule["_class_name"] = "RouladeSchedule";
  schedule["prediction"] = to_json(resolved.tables.at("denoiser").at("prediction").value);
  schedule["variance_type"] = shape.answers == 2 ? "learned_range" : "fixed_small";
  write_file_atomically(folder / "scheduler/scheduler_config.json", schedule.dump(2) + "\n");
}

void fill_network(const Model& model, const std::map<std::string, Tensor>& weights, const std::string& where) {
  fill_network(model.parameters(), weights, where);
}

void fill_network(const NamedWeights& named, const std::map<std::string, Tensor>& weights, const std::string& where) {
  try {
    for (const auto& [name, weight] : named) restore(weight.stored(), weights, name);
  } catch (const Error& e) {
    throw Error(e.code(), fmt::format("[{}] the weights do not fit the network of the recipe: {}", where, e.what()));
  }
  if (weights.size() == named.size()) return;
  for (const auto& [name, tensor] : weights) {
    const bool known = std::any_of(named.begin(), named.end(),
                                   [&, wanted = &name](const auto& entry) { return entry.first == *wanted; });
    if (!known) fail(Code::input, where, fmt::format("tensor '{}' belongs to no layer of the network", name));
  }
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
