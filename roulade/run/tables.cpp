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
#include <functional>

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

/// Those of a table's keys that `wanted` picks, where these are given.
template <class Settings>
void add_brought(std::vector<RecipeKey>& out, const std::string& name, const Table& given, const std::string& condition,
                 const std::function<bool(const std::string& key)>& wanted) {
  Binder b(name, given);
  bind<Settings>(b);
  for (const OptionInfo& info : b.infos())
    if (wanted(info.key)) out.push_back({name, condition, info});
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
  const auto all_but = [](const char* key) { return [=](const std::string& other) { return other != key; }; };
  const auto alone = [](const char* key) { return [=](const std::string& other) { return other == key; }; };
  for (const char* kind : {TextSettings::kFolder, TextSettings::kSmall})
    add_brought<TextSettings>(chosen, "text", {{"kind", Given(kind)}}, fmt::format("kind = {}", kind), all_but("kind"));
  const Table on_latents{{"path", Given("PATH")}}, by_tiles{{"tile", Given(64)}};
  Table both = on_latents;
  both.insert(by_tiles.begin(), by_tiles.end());
  add_brought<LatentSettings>(chosen, "latent", on_latents, "path = PATH", all_but("path"));
  add_brought<LatentSettings>(chosen, "latent", both, "tile = N", alone("tile_overlap"));
  add_brought<SampleSettings>(chosen, "sample", by_tiles, "tile = N", alone("tile_overlap"));
  add_brought<OptimiserSettings>(chosen, "train", {{"optimiser", Given("muon")}}, "optimiser = muon",
                                 alone("momentum"));
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
