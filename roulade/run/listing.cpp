// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/listing.hpp"

#include "roulade/eval/metric.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/run/settings.hpp"

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

ListedKind list_samplers() {
  const auto& registry = sampler::registry();
  ListedKind kind = list({"samplers", "sampler"}, "sample.sampler", registry);
  kind.fact_names = {"order", "calls", "stochastic"};
  for (size_t i = 0; i < kind.entries.size(); ++i) {
    const SamplerFacts& facts = registry.entries()[i].facts;
    kind.entries[i].facts = {facts.global_order, facts.calls, facts.stochastic};
  }
  return kind;
}

ListedKind list_metrics() {
  const auto& registry = eval::registry();
  ListedKind kind = list({"metrics", "metric", "eval"}, "eval.metrics", registry);
  kind.fact_names = {"needs_curve"};
  for (size_t i = 0; i < kind.entries.size(); ++i) kind.entries[i].facts = {registry.entries()[i].needs_curve};
  return kind;
}

// The comment lines at the head of a recipe, the licence aside, up to the first table.
std::string first_comment(const std::string& text) {
  size_t at = 0;
  while (at < text.size() && text[at] == '#') {
    const size_t end = std::min(text.find('\n', at), text.size());
    const size_t begin = std::min(text.find_first_not_of("# ", at), end);
    const std::string line = text.substr(begin, end - begin);
    if (!line.empty() && line.rfind("SPDX", 0) != 0) return line;
    at = end + 1;
  }
  return "";
}

ListedKind list_recipes() {
  ListedKind kind{"recipes", {"recipe"}, "", {}, {}};
  for (const auto& [name, text] : embedded_recipes()) kind.entries.push_back({name, first_comment(text), "", {}, {}});
  return kind;
}

}  // namespace

std::vector<ListedKind> listed_kinds() {
  return {list({"data", "dataset", "datasets"}, "data.kind", data::registry()),
          list({"schedules", "schedule"}, "schedule.kind", schedule::registry()),
          list({"models", "model", "network", "networks"}, "model.kind", model::registry()),
          list({"predictions", "prediction", "denoiser", "denoisers"}, "denoiser.prediction", denoiser::registry()),
          list({"times", "time"}, "objective.times", objective::times::registry()),
          list({"weights", "weight"}, "objective.weight", objective::weight::registry()),
          list({"losses", "loss"}, "objective.loss", objective::loss::registry()),
          list_samplers(),
          list({"grids", "grid"}, "sample.grid", grid::registry()),
          list({"guidance", "guidances"}, "guidance.kind", guidance::registry()),
          list_metrics(),
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
