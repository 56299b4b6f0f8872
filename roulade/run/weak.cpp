// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/weak.hpp"

#include "roulade/core/error.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/run_weights.hpp"
#include "roulade/run/settings.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr auto kWhere = "guidance.weak";

struct Place {
  RunFolder run;
  std::optional<int64_t> step;
};

Place place_of(const std::filesystem::path& given) {
  const std::filesystem::path path = without_slash(std::filesystem::absolute(given));
  const RunFolder above{path.parent_path().parent_path()};
  if (above.checkpoints().filename() != path.parent_path().filename()) return {{path}, {}};
  const std::vector<int64_t> steps = above.steps();
  const auto at = std::find_if(steps.begin(), steps.end(),
                               [&](int64_t step) { return above.checkpoint(step).filename() == path.filename(); });
  if (at == steps.end())
    fail(Code::io, given.string(), "no whole checkpoint", fmt::format("a step of {}", fmt::join(steps, ", ")));
  return {above, *at};
}

std::string text_of_table(const Recipe& resolved, const std::string& name) {
  std::string out;
  for (const auto& [key, given] : resolved.tables.at(name))
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", key, to_text(given.value));
  return out;
}

/// Both take the same x_t, so the two must mean the same by it.
void check_same(const Recipe& strong, const DataFacts& facts, const Recipe& weak, const DataFacts& weak_facts) {
  const auto& kind = text_of(weak, "objective", "kind");
  if (kind != ObjectiveSettings().kind)
    fail(Code::usage, kWhere, "objective of the weak run", ObjectiveSettings().kind, kind);
  if (weak_facts.axes() != facts.axes())
    fail(Code::usage, kWhere, "shape of the weak run's samples", fmt::format("{}", facts.axes()),
         fmt::format("{}", weak_facts.axes()));
  if (weak_facts.latent.autoencoder != facts.latent.autoencoder)
    fail(Code::usage, kWhere, "autoencoder of the weak run, by its SHA-256",
         facts.latent.autoencoder.empty() ? "none" : facts.latent.autoencoder,
         weak_facts.latent.autoencoder.empty() ? "none" : weak_facts.latent.autoencoder);
  if (weak_facts.classes() != facts.classes())
    fail(Code::usage, kWhere, "classes of the weak run", fmt::format("{}", facts.classes()),
         fmt::format("{}", weak_facts.classes()));
  if (weak_facts.scaling.mean != facts.scaling.mean || weak_facts.scaling.deviation != facts.scaling.deviation)
    fail(Code::usage, kWhere, "scaling of the weak run's data",
         fmt::format("mean {}, deviation {}: the same data and seed", facts.scaling.mean, facts.scaling.deviation),
         fmt::format("mean {}, deviation {}", weak_facts.scaling.mean, weak_facts.scaling.deviation));
  if (const std::string ours = text_of_table(strong, "schedule"), its = text_of_table(weak, "schedule"); ours != its)
    fail(Code::usage, kWhere, "schedule of the weak run", ours, its);
  // A network that reads no text may guide one that does; both read the same numbers otherwise.
  if (weak_facts.text.tokens == 0) return;
  if (const std::string ours = text_of_table(strong, "text"), its = text_of_table(weak, "text"); ours != its)
    fail(Code::usage, kWhere, "what reads the weak run's texts", ours, its);
  if (weak_facts.text.vocabulary != facts.text.vocabulary)
    fail(Code::usage, kWhere, "vocabulary of the weak run", "the same: the same data and seed", "another");
}

}  // namespace

std::shared_ptr<const Denoiser> open_weak(const Recipe& resolved, const DataFacts& facts,
                                          const std::shared_ptr<TextTable>& texts) {
  if (!guidance::registry().find(text_of(resolved, "guidance", "kind")).needs_weak) return nullptr;
  const std::string& given = text_of(resolved, "guidance", "weak");
  if (given.empty()) return nullptr;  // the method says what is missing
  const Place place = place_of(given);
  const Recipe recipe = resolve(read_run_recipe(place.run));
  const DataFacts own = read_facts(place.run);
  check_same(resolved, facts, recipe, own);

  const int64_t step = checkpoint_step(place.run, place.step);
  const auto seed = static_cast<uint64_t>(settings_of<RunSettings>(recipe, "run").seed);
  const std::shared_ptr<Model> model =
      make_network(recipe, model_shape(recipe, own), seed, own.text.tokens > 0 ? texts : nullptr);
  fill_network(*model, weights_of(place.run, step, settings_of<SampleSettings>(recipe, "sample")),
               place.run.checkpoint(step).string());
  freeze(model->parameters());
  const DenoiserOptions options = settings_of<DenoiserSettings>(recipe, "denoiser").options;
  return make_denoiser(model, make_schedule(recipe.tables.at("schedule")),
                       make_prediction(recipe.tables.at("denoiser")), {.clip = {}, .variance = options.variance});
}

}  // namespace roulade
