// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/listing.hpp"

#include "roulade/eval/features.hpp"
#include "roulade/eval/metric.hpp"
#include "roulade/objective/one_pass.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/sampler/names.hpp"

#include <algorithm>

namespace roulade {
namespace {

using Names = std::vector<std::string>;

template <class Entry>
ListedKind list(Names names, std::string key, const Registry<Entry>& from) {
  ListedKind kind{names.front(), {names.begin() + 1, names.end()}, std::move(key), {}, {}};
  for (const Entry& entry : from.entries())
    kind.entries.push_back({entry.name, entry.summary, entry.source, entry.options(), {}});
  return kind;
}

ListedKind list_objectives() {
  ListedKind kind = list({"objectives", "objective"}, "objective.kind", objective::one_pass::registry());
  kind.entries.insert(kind.entries.begin(), {ObjectiveSettings::kAutoencoding,
                                             "an autoencoder of pictures, whose latents a denoiser can work on",
                                             "Rombach et al. 2022, section 3.1",
                                             {},
                                             {}});
  kind.entries.insert(kind.entries.begin(), {ObjectiveSettings().kind,
                                             "a denoiser: the error of its answer at drawn noise levels",
                                             "Ho et al. 2020, eq. 14",
                                             {},
                                             {}});
  return kind;
}

ListedKind list_samplers() {
  const auto& registry = sampler::registry();
  ListedKind kind = list({"samplers", "sampler"}, "sample.sampler", registry);
  kind.fact_names = {"order", "calls", "stochastic"};
  kind.detail_names = {"local_order", "start_order", "global_order", "calls", "last_calls", "stochastic"};
  for (size_t i = 0; i < kind.entries.size(); ++i) {
    const SamplerFacts& facts = registry.entries()[i].facts;
    kind.entries[i].facts = {facts.global_order, facts.calls, facts.stochastic};
    kind.entries[i].details = {facts.local_order, facts.start_order, facts.global_order,
                               facts.calls,       facts.last_calls,  facts.stochastic};
    kind.entries[i].spellings = spellings(kind.entries[i].name);
  }
  return kind;
}

ListedKind list_grids() {
  const auto& registry = grid::registry();
  ListedKind kind = list({"grids", "grid"}, "sample.grid", registry);
  for (ListedEntry& entry : kind.entries) entry.spellings = grid_spellings(entry.name);
  return kind;
}

ListedKind list_guidance() {
  const auto& registry = guidance::registry();
  ListedKind kind = list({"guidance", "guidances"}, "guidance.kind", registry);
  kind.fact_names = {"needs_weak"};
  for (size_t i = 0; i < kind.entries.size(); ++i) kind.entries[i].facts = {registry.entries()[i].needs_weak};
  return kind;
}

ListedKind list_metrics() {
  const auto& registry = eval::registry();
  ListedKind kind = list({"metrics", "metric", "eval"}, "eval.metrics", registry);
  kind.fact_names = {"needs_curve",    "needs_mixture", "needs_training", "needs_classes",
                     "needs_features", "needs_judge",   "by_default"};
  for (size_t i = 0; i < kind.entries.size(); ++i) {
    const MetricEntry& entry = registry.entries()[i];
    kind.entries[i].facts = {entry.needs_curve,    entry.needs_mixture, entry.needs_training, entry.needs_classes,
                             entry.needs_features, entry.needs_judge,   entry.by_default};
  }
  return kind;
}

std::string title_of(const Recipe& recipe) {
  const auto run = recipe.tables.find("run");
  if (run == recipe.tables.end()) return "";
  const auto title = run->second.find("title");
  const auto* text = title == run->second.end() ? nullptr : std::get_if<std::string>(&title->second.value);
  return text == nullptr ? "" : *text;
}

ListedKind list_recipes() {
  ListedKind kind{"recipes", {"recipe"}, "", {}, {}};
  for (const auto& [name, text] : embedded_recipes())
    kind.entries.push_back({name, title_of(find_recipe(name)), "", {}, {}});
  return kind;
}

}  // namespace

std::vector<ListedKind> listed_kinds() {
  return {list({"data", "dataset", "datasets"}, "data.kind", data::registry()),
          list({"schedules", "schedule"}, "schedule.kind", schedule::registry()),
          list({"models", "model", "network", "networks"}, "model.kind", model::registry()),
          list({"predictions", "prediction", "denoiser", "denoisers"}, "denoiser.prediction", denoiser::registry()),
          list_objectives(),
          list({"times", "time"}, "objective.times", objective::times::registry()),
          list({"weights", "weight"}, "objective.weight", objective::weight::registry()),
          list({"losses", "loss"}, "objective.loss", objective::loss::registry()),
          list_samplers(),
          list_grids(),
          list_guidance(),
          list_metrics(),
          list({"features", "feature"}, "eval.features", features::registry()),
          list_recipes()};
}

ListedKind find_kind(const std::string& word) {
  Names names;
  for (ListedKind& kind : listed_kinds()) {
    if (kind.name == word || std::count(kind.also.begin(), kind.also.end(), word) > 0) return std::move(kind);
    names.push_back(kind.name);
  }
  fail_unknown("list", "kind", word, names);
}

}  // namespace roulade
