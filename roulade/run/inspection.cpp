// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/inspection.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/table_file.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/npy.hpp"
#include "roulade/io/safetensors.hpp"
#include "roulade/run/diffusers_folder.hpp"
#include "roulade/run/metrics_file.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/picture_autoencoder.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/train/trainer.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

namespace fs = std::filesystem;

constexpr double kKilo = 1e3, kMega = 1e6;

double size_of(const fs::path& path) {
  if (!fs::is_directory(path)) return static_cast<double>(fs::file_size(path));
  double size = 0;
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file() && !entry.is_symlink()) size += static_cast<double>(entry.file_size());
  return size;
}

Description begin(const char* kind, const fs::path& path) {
  Description out;
  out.add("kind", kind);
  out.add("size", size_of(path) / kMega, "MB");
  return out;
}

void add_tensors(Description& out, const fs::path& file) {
  const Safetensors content(file);
  int64_t numbers = 0;
  Sheet sheet{"tensors", {"name", "dtype", "shape", "size_kB"}, {}};
  for (const TensorSpec& spec : content.header.tensors) {
    const auto bytes = static_cast<int64_t>(spec.end - spec.begin);
    numbers += bytes / bytes_of(spec.dtype);
    sheet.rows.push_back({spec.name, std::string(to_text(spec.dtype)), spec.shape, static_cast<double>(bytes) / kKilo});
  }
  out.add("tensors", static_cast<int64_t>(content.header.tensors.size()));
  out.add("numbers", numbers);
  for (const auto& [name, text] : content.header.metadata) out.add("metadata_" + name, text);
  out.sheets.push_back(std::move(sheet));
}

Sheet describe_columns(const std::vector<std::string>& names, const double* values, int64_t rows) {
  Sheet sheet{"columns", {"name", "lowest", "mean", "deviation", "highest"}, {}};
  const auto width = static_cast<int64_t>(names.size());
  for (int64_t j = 0; j < width; ++j) {
    double low = values[j], high = low, sum = 0, square = 0;
    for (int64_t i = 0; i < rows; ++i) {
      const double x = values[i * width + j];
      low = std::min(low, x);
      high = std::max(high, x);
      sum += x;
    }
    const double mean = sum / static_cast<double>(rows);
    for (int64_t i = 0; i < rows; ++i) square += std::pow(values[i * width + j] - mean, 2);
    const double deviation = std::sqrt(square / static_cast<double>(rows));
    sheet.rows.push_back({names[static_cast<size_t>(j)], low, mean, deviation, high});
  }
  return sheet;
}

Description inspect_csv(const fs::path& path) {
  const TableContent content = read_table(path, {});
  Description out = begin("CSV table", path);
  out.add("rows", content.points.rows);
  out.add("numeric_columns", content.points.width);
  out.sheets.push_back(describe_columns(content.columns, content.points.values.data(), content.points.rows));
  return out;
}

Description inspect_npy(const fs::path& path) {
  const NpyArray array = read_npy(path);
  Description out = begin("NPY array", path);
  out.add("shape", array.shape);
  const bool is_table = array.shape.size() == 2 && array.shape[1] <= 1000;
  const int64_t width = is_table ? array.shape[1] : 1;
  std::vector<std::string> names;
  for (int64_t j = 0; j < width; ++j) names.push_back(is_table ? fmt::format("c{}", j) : "values");
  if (!array.values.empty())
    out.sheets.push_back(
        describe_columns(names, array.values.data(), static_cast<int64_t>(array.values.size()) / width));
  return out;
}

Sheet describe_keys(const Recipe& recipe) {
  Sheet sheet{"keys", {"key", "value"}, {}};
  for (const auto& [name, table] : recipe.tables)
    for (const auto& [key, given] : table) sheet.rows.push_back({name + "." + key, to_text(given.value)});
  return sheet;
}

Description inspect_recipe(const fs::path& path) {
  const Recipe recipe = read_recipe(path);
  resolve(recipe);
  Description out = begin("recipe", path);
  out.sheets.push_back(describe_keys(recipe));
  return out;
}

Description inspect_checkpoint(const fs::path& path) {
  Description out = begin("checkpoint", path);
  const fs::path state = path / Trainer::kStateFile;
  try {
    out.add("step", nlohmann::json::parse(read_file(state, 1 << 20)).at("step").get<int64_t>());
  } catch (const nlohmann::json::exception& e) {
    fail(Code::input, state.string(), fmt::format("damaged ({})", e.what()));
  }
  const Safetensors training(path / Trainer::kTensorsFile);  // told when it is damaged
  add_tensors(out, network_file(path));
  return out;
}

// The newest figures of metrics.jsonl.
void add_metrics(Description& out, const RunFolder& folder) {
  if (!fs::exists(folder.metrics())) return;
  Cell loss, validation;
  for (const MetricRow& row : read_metrics(folder.metrics())) {
    if (row.loss) loss = *row.loss;
    if (row.validation) validation = *row.validation;
  }
  out.add("loss", loss);
  out.add("validation_loss", validation);
}

Description inspect_run(const RunFolder& folder) {
  const Recipe recipe = read_run_recipe(folder);
  Description out = begin("run", folder.root);
  const auto value = [&](const char* table, const char* key) {
    const Value& v = recipe.tables.at(table).at(key).value;
    const auto* text = std::get_if<std::string>(&v);
    if (const auto* number = std::get_if<int64_t>(&v)) return Cell(*number);
    return Cell(text != nullptr ? *text : to_text(v));
  };
  const bool autoencoding = is_autoencoding(resolve(recipe));
  for (const auto& [name, table, key] : {std::array{"data", "data", "kind"},
                                         {"objective", "objective", "kind"},
                                         {"model", "model", "kind"},
                                         {"schedule", "schedule", "kind"},
                                         {"seed", "run", "seed"}})
    if (autoencoding ? table == std::string("model") || table == std::string("schedule")
                     : name == std::string("objective"))
      continue;  // what nothing reads
    else if (recipe.tables.count(table) > 0 && recipe.tables.at(table).count(key) > 0)
      out.add(name, value(table, key));
  const DataFacts facts = read_facts(folder);
  if (facts.pictures())
    out.add("shape", fmt::format("{}", fmt::join(facts.shape, " x ")));
  else
    out.add("columns", fmt::format("{}", fmt::join(facts.columns, ", ")));
  if (!facts.buckets.empty()) out.add("buckets", std::ssize(facts.buckets));
  if (!facts.latent.shape.empty()) {
    out.add("latents", fmt::format("{}", fmt::join(facts.latent.shape, " x ")));
    out.add("autoencoder_sha256", facts.latent.autoencoder);
  }
  out.add("classes", facts.classes());
  const auto latest = folder.latest();
  if (latest) {
    out.add("step", *latest);
    Description network;
    add_tensors(network, network_file(folder.checkpoint(*latest)));
    out.add("parameters", network.facts.at(1).value);
    if (autoencoding) {
      const auto autoencoder = open_picture_autoencoder(folder.checkpoint(*latest), facts);
      out.add("latents", fmt::format("{} x {} x {}", autoencoder->config().latent_channels,
                                     facts.shape[1] / autoencoder->factor(), facts.shape[2] / autoencoder->factor()));
      out.add("scaling_factor", autoencoder->config().scaling_factor);
    }
  }
  add_metrics(out, folder);
  out.add("evaluated", fs::exists(folder.evaluation()));
  Sheet sheet{"checkpoints", {"step", "folder", "size_MB"}, {}};
  for (const int64_t step : folder.steps())
    sheet.rows.push_back({step, folder.checkpoint(step).string(), size_of(folder.checkpoint(step)) / kMega});
  out.sheets.push_back(std::move(sheet));
  return out;
}

Description inspect_diffusers(const fs::path& path) {
  const DiffusersFolder folder = read_diffusers_folder(path, true);
  Description out = begin("diffusers folder", path);
  out.add("pipeline", folder.pipeline.empty() ? Cell() : Cell(folder.pipeline));
  out.add("network", folder.network_class);
  out.add("scheduler", folder.scheduler_class);
  out.add("shape", fmt::format("{}", fmt::join(folder.facts.shape, " x ")));
  out.add("classes", folder.facts.classes());
  int64_t numbers = 0;
  Sheet sheet{"tensors", {"name", "shape"}, {}};
  for (const auto& [name, tensor] : read_diffusers_weights(folder.network)) {
    numbers += tensor.numel();
    sheet.rows.push_back({name, tensor.sizes().vec()});
  }
  out.add("parameters", numbers);
  out.sheets.push_back(describe_keys(folder.recipe));
  out.sheets.push_back(std::move(sheet));
  return out;
}

}  // namespace

Description inspect(const fs::path& path) {
  if (!fs::exists(path)) fail(Code::io, path.string(), "no such file or folder");
  if (fs::is_directory(path)) {
    const RunFolder folder{path};
    if (fs::exists(folder.recipe())) return inspect_run(folder);
    if (fs::exists(path / Trainer::kStateFile)) return inspect_checkpoint(path);
    if (is_diffusers_folder(path)) return inspect_diffusers(path);
    fail(Code::input, path.string(), "folder", "a run, a checkpoint of one, or a folder that diffusers saved");
  }
  const std::string kind = path.extension().string();
  if (kind == ".toml") return inspect_recipe(path);
  if (kind == ".npy") return inspect_npy(path);
  if (kind == ".csv" || kind == ".tsv" || kind == ".txt") return inspect_csv(path);
  if (kind == ".safetensors") {
    Description out = begin("safetensors", path);
    add_tensors(out, path);
    return out;
  }
  fail(Code::input, path.string(), "kind of file",
       ".safetensors, .npy, .csv, .tsv, .txt or .toml, a run or a checkpoint", kind.empty() ? "no extension" : kind);
}

}  // namespace roulade
