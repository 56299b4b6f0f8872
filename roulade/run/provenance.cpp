// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/provenance.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/core/version.hpp"
#include "roulade/io/sha256.hpp"
#include "roulade/model/conv_choices.hpp"
#include "roulade/report/text.hpp"
#include "roulade/run/diffusers_folder.hpp"
#include "roulade/run/page_words.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/run_weights.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/text/encoder.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> tensor_files_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.path().extension() == ".safetensors") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<fs::path> own_files(const TrainedRun& run) {
  if (is_diffusers_folder(run.folder)) return tensor_files_in(read_diffusers_folder(run.folder, true).network);
  return weight_files(RunFolder{run.folder}, run.step, settings_of<SampleSettings>(run.recipe, "sample"));
}

}  // namespace

std::string weights_sha256(const TrainedRun& run) {
  std::vector<fs::path> files = own_files(run);
  if (run.latent)
    for (fs::path& file : tensor_files_in(RunFolder{run.folder}.autoencoder())) files.push_back(std::move(file));
  return sha256_of(files);
}

std::string formulation_of(const Recipe& resolved, const Schedule& schedule) {
  std::vector<std::string> out;
  for (const char* table : {"schedule", "denoiser"})
    for (const auto& [key, given] : resolved.tables.at(table)) {
      if (key == "file" || std::holds_alternative<std::vector<double>>(given.value)) continue;
      out.push_back(fmt::format("{}.{} = {}", table, key, to_text(given.value)));
    }
  if (resolved.tables.at("schedule").contains("betas")) {
    Sha256 sum;
    for (int64_t k = 1; k <= schedule.states(); ++k) {
      const double value = schedule.log_snr(static_cast<double>(k) / static_cast<double>(schedule.states()));
      sum.update({reinterpret_cast<const char*>(&value), sizeof value});
    }
    out.push_back("sha256 = " + sum.hex());
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name"))
      if (const size_t at = line.find(": "); at != std::string::npos) return line.substr(at + 2);
  return "";
}

std::vector<std::string> prompts_from_first(const Provenance& made) {
  std::vector<std::string> out(made.prompts.empty() ? 0 : static_cast<size_t>(made.prompts_first));
  out.insert(out.end(), made.prompts.begin(), made.prompts.end());
  return out;
}

Provenance provenance_of(const TrainedRun& run, const std::string& given_run) {
  Provenance out;
  out.run = plot::clean(given_run);
  out.weights_sha256 = weights_sha256(run);
  if (!run.weak_files.empty()) out.weak_sha256 = sha256_of(run.weak_files);
  out.encoder_sha256 = run.facts.text.encoder_sha256;
  if (out.encoder_sha256.empty() && run.texts && text_of(run.recipe, "text", "kind") == TextSettings::kFolder)
    out.encoder_sha256 = text_encoder_sha256(text_of(run.recipe, "text", "path"));
  if (run.schedule) out.formulation = formulation_of(run.recipe, *run.schedule);
  out.step = run.step;
  out.sample = run.recipe.tables.at("sample");
  out.guidance = run.recipe.tables.at("guidance");
  out.run_seed = run.seed;
  out.negative_prompt = settings_of<SampleSettings>(run.recipe, "sample").negative;
  if (run.facts.pictures()) {
    out.height = run.facts.shape[1];
    out.width = run.facts.shape[2];
  }
  out.threads = threads();
  out.exact = exact();
  out.convolutions = to_lines(convolution_choices());
  out.version = version();
  out.build = build();
  out.instruction_set = instruction_set();
  out.processor = processor_name();
  if (!is_diffusers_folder(run.folder))
    for (const Maker& maker : read_makers({run.folder}))
      if (maker.from_step <= run.step && !maker.precision.precision.empty())
        out.trained_precision = maker.precision.precision;
  return out;
}

Provenance from_here(Provenance made) {
  made.run = path_from_here(made.run);
  if (const auto weak = made.guidance.find("weak"); weak != made.guidance.end())
    if (const auto* path = std::get_if<std::string>(&weak->second.value)) weak->second = Given(path_from_here(*path));
  return made;
}

std::vector<ProvenanceChange> changes(const Provenance& then, const Provenance& now) {
  std::vector<ProvenanceChange> out;
  const auto compare = [&](const char* what, const std::string& before, const std::string& after) {
    if (before != after) out.push_back({what, before, after});
  };
  const auto word = [](bool on) { return std::string(on ? "on" : "off"); };
  compare("weights", then.weights_sha256, now.weights_sha256);
  if (!then.weak_sha256.empty()) compare("weak_network", then.weak_sha256, now.weak_sha256);
  if (!then.encoder_sha256.empty()) compare("text_encoder", then.encoder_sha256, now.encoder_sha256);
  if (!then.formulation.empty()) compare("formulation", then.formulation, now.formulation);
  if (then.given && now.given) {
    compare("given_file", then.given->sha256, now.given->sha256);
    compare("mask", then.given->mask_sha256, now.given->mask_sha256);
  }
  compare("version", then.version, now.version);
  compare("build", then.build, now.build);
  compare("instruction_set", then.instruction_set, now.instruction_set);
  compare("processor", then.processor, now.processor);
  compare("threads", std::to_string(then.threads), std::to_string(now.threads));
  compare("exact", word(then.exact), word(now.exact));
  return out;
}

}  // namespace roulade
