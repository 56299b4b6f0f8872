// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/obedience_files.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/file.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/picture_files.hpp"
#include "roulade/run/settings.hpp"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

constexpr uint64_t kMostJson = 1 << 24, kMostSheet = 1 << 28;  // bytes
constexpr int64_t kAcross = 8;                                 // pictures in a row of the sheet
constexpr const char *kTest = "test", *kValidation = "validation", *kTrain = "train";

std::filesystem::path file_of(const TrainedRun& run, const std::string& split) {
  return run.folder / fmt::format("obedience-{}.json", split);
}

ReportObedience read_split(const TrainedRun& run, const std::string& split) {
  const std::filesystem::path file = file_of(run, split);
  ReportObedience out;
  out.name = "obedience-" + split;
  out.texts = split == kTest         ? "of the test part, never trained on"
              : split == kValidation ? "of the pictures kept for validation, never trained on"
                                     : "of the training part";
  try {
    const nlohmann::json json = nlohmann::json::parse(read_file(file, kMostJson));
    for (const nlohmann::json& row : json.at("figures")) {
      const auto number = [&](const char* key) {
        return row.at(key).is_null() ? std::nan("") : row.at(key).get<double>();  // JSON has no NaN
      };
      out.figures.push_back({row.at("figure").get<std::string>(), number("samples"), number("samples_error"),
                             number("real"), number("real_error"), number("chance")});
    }
    const auto step = json.at("step").get<int64_t>();
    const auto word = [&](const char* table, const char* key) {  // TOML's
      std::string text = json.at(table).at(key).get<std::string>();
      std::erase(text, '"');
      return text;
    };
    std::string guidance = word("guidance", "kind"), how;
    if (json.at("guidance").contains("scale")) guidance += " " + word("guidance", "scale");
    if (json.contains("sample"))  // earlier versions did not say
      how = fmt::format("seed {}, {} in {} steps; ", json.at("seed").get<uint64_t>(), word("sample", "sampler"),
                        word("sample", "steps"));
    out.note =
        fmt::format("{} texts, step {}{}; {}guidance: {}. Pictures asked for the same count as one draw.",
                    json.at("texts").get<int64_t>(), step,
                    step == run.step ? "" : fmt::format(" (not {}, which this page shows)", run.step), how, guidance);
    if (json.contains("nearest_training")) {
      const nlohmann::json& near = json.at("nearest_training");
      out.note += fmt::format(
          " The nearest training picture is {:.3f} away (root mean square, black to white being 1), "
          "from real pictures {:.3f}; copies would have 0.",
          near.at("samples").get<double>(), near.at("real").get<double>());
    }
    if (json.contains("prompts")) json.at("prompts").get_to(out.prompts);
    out.options = json.value("options", "");
  } catch (const nlohmann::json::exception& e) {
    fail(Code::input, file.string(), fmt::format("damaged ({}); run obey again", e.what()));
  }
  std::filesystem::path sheet = file;
  std::error_code none;
  if (std::filesystem::exists(sheet.replace_extension(".png"), none)) out.png = read_file(sheet, kMostSheet);
  return out;
}

}  // namespace

std::vector<ReportObedience> read_obedience(const TrainedRun& run) {
  std::vector<ReportObedience> out;
  std::error_code none;
  for (const char* split : {kTest, kValidation, kTrain})
    if (std::filesystem::exists(file_of(run, split), none)) out.push_back(read_split(run, split));
  return out;
}

std::filesystem::path write_obedience(const TrainedRun& run, const Obedience& obedience) {
  const std::filesystem::path file = file_of(run, obedience.split);
  write_file_atomically(file, to_json(run, obedience));
  std::filesystem::path sheet = file;
  Provenance made = from_here(provenance_of(run, run.folder.string()));
  made.seed = obedience.seed;
  made.prompts = obedience.drawn_prompts;
  made.prompts_as_text = settings_of<SampleSettings>(run.recipe, "sample").weighted;
  made.count = obedience.texts * obedience.each;
  made.shown = obedience.shown.points.rows;
  made.across = kAcross;
  write_file_atomically(sheet.replace_extension(".png"), picture_file(run, obedience.shown, made));
  return file;
}

Description describe(const Obedience& obedience) {
  Description out;
  out.add("split", obedience.split);
  out.add("texts", obedience.texts);
  if (!obedience.samples.empty()) out.add("pictures", obedience.samples.front().count);
  Sheet sheet{"figures", {"figure", "samples", "error", "real", "real_error", "chance"}, {}};
  for (size_t i = 0; i < obedience.samples.size(); ++i) {
    const ObedienceFigure &made = obedience.samples[i], &real = obedience.real[i];
    sheet.rows.push_back({made.name, made.value, made.error, real.value, real.error, made.chance});
  }
  const Nearness &made = obedience.near_samples, &real = obedience.near_real;
  sheet.rows.push_back({"nearest_training", made.mean, made.error, real.mean, real.error, std::monostate()});
  out.sheets.push_back(std::move(sheet));
  out.add("time", obedience.seconds, "s");
  return out;
}

}  // namespace roulade
