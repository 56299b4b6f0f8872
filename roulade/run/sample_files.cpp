// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/sample_files.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/csv.hpp"
#include "roulade/io/npy.hpp"
#include "roulade/io/sha256.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/settings.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace roulade {
std::vector<std::string> label_texts(const Points& points, const std::vector<std::string>& class_names) {
  std::vector<std::string> texts;
  for (const int64_t label : points.labels) {
    const bool named = label >= 0 && label < static_cast<int64_t>(class_names.size());
    texts.push_back(named ? class_names[static_cast<size_t>(label)] : label < 0 ? "" : std::to_string(label));
  }
  return texts;
}

std::string label_name(const Recipe& recipe) {
  const Table& data = recipe.tables.at("data");
  const auto given = data.find("label");
  const auto* name = given == data.end() ? nullptr : std::get_if<std::string>(&given->second.value);
  if (name == nullptr || name->find_first_not_of("0123456789") == std::string::npos) return "label";
  return *name;
}

void check_point_file(const std::filesystem::path& path) {
  const std::string kind = path.extension().string();
  if (kind != ".csv" && kind != ".npy")
    fail(Code::usage, path.string(), "kind of file", ".csv or .npy", kind.empty() ? "no extension" : kind);
}

void write_points(const std::filesystem::path& path, const Points& points, const PointColumns& columns) {
  check_point_file(path);
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) fail(Code::io, path.parent_path().string(), fmt::format("cannot make this folder: {}", error.message()));
  if (path.extension() == ".npy") return write_npy(path, {points.rows, points.width}, points.values);
  std::vector<std::string> names = columns.names;
  if (!points.labels.empty()) names.push_back(columns.label);
  write_csv(path, names, points.values, label_texts(points, columns.class_names));
}

void check_sample_file(const std::filesystem::path& path, const DataFacts& facts) {
  const std::string ending = path.extension().string();
  if (facts.pictures() && ending != ".png" && ending != ".csv" && ending != ".npy")
    fail(Code::usage, path.string(), "kind of file", ".png, .webp, .csv, .npy, or DIR/ for a file each",
         ending.empty() ? "none" : ending);
  if (ending != ".png") return check_point_file(path);
  if (!facts.pictures())
    fail(Code::usage, path.string(), "kind of file", ".csv or .npy, as samples are no pictures", ".png");
}

void check_output(const std::filesystem::path& path) { check_can_be_made(path); }

void write_samples(const std::filesystem::path& path, const TrainedRun& run, const PointSamples& samples) {
  check_sample_file(path, run.facts);
  if (path.extension() == ".png") return write_file_atomically(path, picture_sheet(samples.points, run.facts));
  write_points(path, samples.points, {run.facts.columns, label_name(run.recipe), run.facts.class_names});
}

namespace {

/// As part of a file's name.
std::string in_name(std::string text) {
  constexpr size_t kMost = 60;
  std::replace(text.begin(), text.end(), '/', '_');
  if (text.size() <= kMost) return text;
  Sha256 hash;
  hash.update(text);
  return hash.hex().substr(0, 8);
}

/// What differs from the run's own recipe and has no place of its own in a file's name.
std::vector<std::string> changed_keys(const TrainedRun& run) {
  static const std::set<std::string> kNamed{"sampler", "steps",    "weights",  "ema",  "label",
                                            "prompt",  "negative", "weighted", "chunk"};
  std::error_code none;
  const std::filesystem::path file = RunFolder{run.folder}.recipe();
  const Recipe own = std::filesystem::exists(file, none) ? read_run_recipe({run.folder}) : Recipe{};
  const auto table = own.tables.find("sample");
  std::vector<OptionInfo> known = sampler::registry().find(text_of(run.recipe, "sample", "sampler")).options();
  for (OptionInfo& option : grid::registry().find(text_of(run.recipe, "sample", "grid")).options())
    known.push_back(std::move(option));
  const auto is_default = [&](const std::string& key, const Value& value) {
    return std::any_of(known.begin(), known.end(), [&](const auto& o) { return o.key == key && o.initial == value; });
  };
  std::vector<std::string> out;
  for (const auto& [key, given] : run.recipe.tables.at("sample")) {
    if (kNamed.contains(key)) continue;
    const Given* before = nullptr;
    if (table != own.tables.end())
      if (const auto found = table->second.find(key); found != table->second.end()) before = &found->second;
    // Another sampler or grid brings keys of its own: their defaults are told by its name.
    if (before == nullptr ? !is_default(key, given.value) : before->value != given.value)
      out.push_back(key + " = " + to_text(given.value));
  }
  return out;
}

}  // namespace

std::filesystem::path sample_file(const TrainedRun& run, int64_t seed, const std::vector<std::string>& asked,
                                  int64_t count) {
  const auto sample = settings_of<SampleSettings>(run.recipe, "sample");
  std::string name = !run.denoiser ? fmt::format("{}-step-{}", text_of(run.recipe, "objective", "kind"), run.step)
                                   : fmt::format("{}-{}-step-{}", sample.sampler, sample.steps, run.step);
  if (count > 0) name += fmt::format("-n-{}", count);
  if (sample.weights != "ema") name += "-" + sample.weights;
  if (sample.ema > 0) name += fmt::format("-ema-{}", sample.ema);
  if (sample.label != "data") name += "-label-" + in_name(sample.label);
  std::vector<std::string> words = asked;
  for (std::string& key : changed_keys(run)) words.push_back(std::move(key));
  if (!sample.negative.empty()) words.push_back("negative " + sample.negative);
  if (sample.weighted) words.emplace_back("weighted");
  if (sample.prompt != "data") words.push_back("prompt " + sample.prompt);
  if (const auto weak = run.recipe.tables.at("guidance").find("weak"); weak != run.recipe.tables.at("guidance").end())
    if (const std::string path = to_text(weak->second.value); path != "\"\"") words.push_back("weak " + path);
  Sha256 hash;
  for (const std::string& word : words) hash.update(word + std::string(1, '\0'));
  if (!words.empty()) name += "-" + hash.hex().substr(0, 8);
  if (const std::string& kind = text_of(run.recipe, "guidance", "kind"); kind != "none") {
    const auto& guidance = run.recipe.tables.at("guidance");
    const auto scale = guidance.find("scale");
    name += "-" + kind + (scale == guidance.end() ? "" : "-" + to_text(scale->second.value));
    for (const OptionInfo& option : guidance::registry().find(kind).options()) {
      const auto given = guidance.find(option.key);
      if (option.key == "scale" || given == guidance.end() || given->second.value == option.initial) continue;
      const auto* text = std::get_if<std::string>(&given->second.value);
      name += "-" + option.key + "-" +
              (text ? in_name(std::filesystem::path(*text).filename().string()) : to_text(given->second.value));
    }
  }
  return RunFolder{run.folder}.samples() / fmt::format("{}-seed-{}.csv", name, seed);
}

Points write_data(const std::filesystem::path& path, const Recipe& recipe, uint64_t seed, int64_t count) {
  check_point_file(path);
  const Recipe resolved = resolve(recipe);
  const auto source = make_source(resolved.tables.at("data"));
  Points points = source->draw(Split::train, seed, count);
  write_points(path, points, {source->columns(), label_name(resolved), source->class_names()});
  return points;
}

}  // namespace roulade
