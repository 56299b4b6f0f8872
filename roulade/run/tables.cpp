// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/tables.hpp"

#include "roulade/eval/features.hpp"
#include "roulade/eval/protocol.hpp"
#include "roulade/latent/autoencoder_config.hpp"
#include "roulade/objective/autoencoding.hpp"
#include "roulade/objective/one_pass.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/run/run_texts.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/train/trainer.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace roulade {
namespace {

template <class Settings>
void bind(Binder& b) {
  Settings settings;
  settings.bind(b);
}

/// The options of every entry that a key may choose.
template <class Entry>
void add_keys(std::vector<RecipeKey>& out, const std::string& table, const std::string& key,
              const Registry<Entry>& from) {
  for (const Entry& entry : from.entries())
    for (const OptionInfo& info : entry.options())
      out.push_back({table, fmt::format("{} = {}", key, entry.name), info});
}

}  // namespace

const std::vector<RecipeTable>& recipe_tables() {
  static const std::vector<RecipeTable> tables = {
      {"run", "the run as a whole", bind<RunSettings>},
      {"data", "what to learn", bind<DataSettings>},
      {"schedule", "how noisy each time is", bind<ScheduleSettings>},
      {"text", "what reads the captions", bind<TextSettings>},
      {"autoencoder", "the autoencoder of pictures", bind<AutoencoderConfig>, ObjectiveSettings::kAutoencoding},
      {"latent", "the latents that the network works on", bind<LatentSettings>},
      {"model", "the network", bind<ModelSettings>},
      {"denoiser", "what the network predicts", bind<DenoiserSettings>},
      {"objective", "what training minimises", bind<ObjectiveSettings>},
      {"train", "how it is trained", bind<TrainSettings>},
      {"sample", "how samples are drawn", bind<SampleSettings>},
      {"guidance", "how a condition is strengthened", bind<GuidanceSettings>},
      {"eval", "how samples are judged", [](Binder& b) { Protocol protocol(b); }},
  };
  return tables;
}

std::vector<std::string> recipe_table_names() {
  std::vector<std::string> names;
  for (const RecipeTable& table : recipe_tables()) names.push_back(table.name);
  return names;
}

bool is_recipe_table(const std::string& name) {
  const auto& tables = recipe_tables();
  return std::any_of(tables.begin(), tables.end(), [&](const RecipeTable& table) { return table.name == name; });
}

bool is_note_table(const std::string& name) { return name == "made" || name == "expected"; }

std::vector<RecipeKey> all_keys() {
  std::vector<RecipeKey> chosen;
  add_keys(chosen, "data", "kind", data::registry());
  add_keys(chosen, "schedule", "kind", schedule::registry());
  add_keys(chosen, "model", "kind", model::registry());
  add_keys(chosen, "denoiser", "prediction", denoiser::registry());
  add_keys(chosen, "objective", "times", objective::times::registry());
  add_keys(chosen, "objective", "weight", objective::weight::registry());
  add_keys(chosen, "objective", "loss", objective::loss::registry());
  Binder autoencoding;
  bind<AutoencodingSettings>(autoencoding);
  for (const OptionInfo& info : autoencoding.infos())
    chosen.push_back({"objective", fmt::format("kind = {}", ObjectiveSettings::kAutoencoding), info});
  add_keys(chosen, "objective", "kind", objective::one_pass::registry());
  add_keys(chosen, "sample", "sampler", sampler::registry());
  add_keys(chosen, "sample", "grid", grid::registry());
  add_keys(chosen, "guidance", "kind", guidance::registry());
  add_keys(chosen, "eval", "features", features::registry());
  for (const char* kind : {TextSettings::kFolder, TextSettings::kSmall}) {
    const Table table{{"kind", Given(kind)}};
    Binder b("text", table);
    bind<TextSettings>(b);
    for (const OptionInfo& info : b.infos())
      if (info.key != "kind") chosen.push_back({"text", fmt::format("kind = {}", kind), info});
  }
  const Table latent{{"path", Given("PATH")}};
  Binder of_latent("latent", latent);
  bind<LatentSettings>(of_latent);
  for (const OptionInfo& info : of_latent.infos())
    if (info.key != "path") chosen.push_back({"latent", "path = PATH", info});
  const Table muon{{"optimiser", Given("muon")}};
  Binder of_muon("train", muon);
  bind<OptimiserSettings>(of_muon);
  for (const OptionInfo& info : of_muon.infos())
    if (info.key == "momentum") chosen.push_back({"train", "optimiser = muon", info});
  // By its help, too: objective.loss is another one to a denoiser than to an autoencoder.
  const auto of_entry = [&](const std::string& table, const OptionInfo& info) {
    return std::any_of(chosen.begin(), chosen.end(), [&](const RecipeKey& k) {
      return k.table == table && k.info.key == info.key && k.info.help == info.help;
    });
  };
  std::vector<RecipeKey> out;
  for (const RecipeTable& table : recipe_tables()) {
    Binder b;
    table.bind(b);
    for (const OptionInfo& info : b.infos())
      if (!of_entry(table.name, info))
        out.push_back(
            {table.name, table.objective.empty() ? "" : fmt::format("objective.kind = {}", table.objective), info});
    for (const RecipeKey& key : chosen)
      if (key.table == table.name) out.push_back(key);
  }
  return out;
}

}  // namespace roulade
