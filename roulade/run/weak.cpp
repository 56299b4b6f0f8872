// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/weak.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/model/attention_watch.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/run_weights.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/trajectory.hpp"
#include "roulade/train/trainer.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr auto kWhere = "guidance.weak";
constexpr auto kOwnStep = "guidance.weak_step";

struct Place {
  RunFolder run;
  std::optional<int64_t> step;  ///< none = the latest
};

/// Maps of attention are the guided network's alone.
class Unwatched final : public Denoiser {
 public:
  explicit Unwatched(std::shared_ptr<const Denoiser> denoiser) : denoiser_(std::move(denoiser)) {}
  const Schedule& schedule() const override { return denoiser_->schedule(); }
  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    const AttentionPause pause;
    return denoiser_->denoise(x_t, t, condition);
  }

 private:
  std::shared_ptr<const Denoiser> denoiser_;
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

int64_t weak_step_of(const Recipe& resolved) {
  return std::get<int64_t>(resolved.tables.at("guidance").at("weak_step").value);
}

bool uses_weak(const Recipe& resolved) {
  return guidance::registry().find(text_of(resolved, "guidance", "kind")).needs_weak;
}

void refuse_two(const Recipe& resolved) {
  if (!text_of(resolved, "guidance", "weak").empty() && weak_step_of(resolved) > 0)
    fail(Code::usage, kWhere, "weak network", "weak or weak_step", "both");
}

/// The weak network of a recipe; none where it names none, or does without.
std::optional<Place> weak_place(const Recipe& resolved, const std::filesystem::path& run) {
  if (!uses_weak(resolved)) return std::nullopt;
  const std::string& given = text_of(resolved, "guidance", "weak");
  const int64_t step = weak_step_of(resolved);
  refuse_two(resolved);
  if (given.empty() && step == 0) return std::nullopt;  // the method says what is missing
  if (std::get<double>(resolved.tables.at("guidance").at("scale").value) == 1) return std::nullopt;
  if (!given.empty()) return place_of(given);
  if (run.empty())
    fail(Code::usage, kOwnStep, "the network to guide", "a run, which has its own checkpoints",
         "a folder with one network: name a run by guidance.weak");
  const Place own{{run}, step};
  if (const std::vector<int64_t> steps = own.run.steps(); std::find(steps.begin(), steps.end(), step) == steps.end())
    fail(Code::io, kOwnStep, fmt::format("{} has no checkpoint of step {}", run.string(), step),
         fmt::format("one of {}; or guidance.scale=1, without a weak network", fmt::join(steps, ", ")));
  return own;
}

std::string text_of_table(const Recipe& resolved, const std::string& name, const std::string& without = "") {
  std::string out;
  for (const auto& [key, given] : resolved.tables.at(name))
    if (key != without) out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", key, to_text(given.value));
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
  if (!same_scaling(weak_facts.scaling, facts.scaling))
    fail(Code::usage, kWhere, "scaling of the weak run's data",
         fmt::format("mean {}, deviation {}: the same data and seed", facts.scaling.mean, facts.scaling.deviation),
         fmt::format("mean {}, deviation {}", weak_facts.scaling.mean, weak_facts.scaling.deviation));
  if (const std::string ours = text_of_table(strong, "schedule"), its = text_of_table(weak, "schedule"); ours != its)
    fail(Code::usage, kWhere, "schedule of the weak run", ours, its);
  // A network that reads no text may guide one that does; both read the same numbers otherwise.
  if (weak_facts.text.tokens == 0) return;
  // Where both encoders are known by their files, it does not matter where these lie.
  const bool known = !weak_facts.text.encoder_sha256.empty() && !facts.text.encoder_sha256.empty();
  const std::string without = known ? "path" : "";
  if (const std::string ours = text_of_table(strong, "text", without), its = text_of_table(weak, "text", without);
      ours != its)
    fail(Code::usage, kWhere, "what reads the weak run's texts", ours, its);
  if (known && weak_facts.text.encoder_sha256 != facts.text.encoder_sha256)
    fail(Code::usage, kWhere, "encoder of the weak run's texts, by its SHA-256", facts.text.encoder_sha256,
         weak_facts.text.encoder_sha256);
  if (weak_facts.text.vocabulary != facts.text.vocabulary)
    fail(Code::usage, kWhere, "vocabulary of the weak run", "the same: the same data and seed", "another");
}

}  // namespace

std::shared_ptr<const Denoiser> open_weak(const Recipe& resolved, const DataFacts& facts,
                                          const std::shared_ptr<TextTable>& texts, const std::filesystem::path& run) {
  const std::optional<Place> place = weak_place(resolved, run);
  if (!place) return nullptr;
  const Recipe recipe = resolve(read_run_recipe(place->run));
  const DataFacts own = read_facts(place->run);
  check_same(resolved, facts, recipe, own);

  const int64_t step = checkpoint_step(place->run, place->step);
  const auto seed = static_cast<uint64_t>(settings_of<RunSettings>(recipe, "run").seed);
  const std::shared_ptr<Model> model =
      make_network(recipe, model_shape(recipe, own), seed, own.text.tokens > 0 ? texts : nullptr);
  fill_network(*model, weights_of(place->run, step, settings_of<SampleSettings>(recipe, "sample")),
               place->run.checkpoint(step).string());
  freeze(model->parameters());
  const DenoiserOptions options = settings_of<DenoiserSettings>(recipe, "denoiser").options;
  return std::make_shared<const Unwatched>(make_denoiser(model, make_schedule(recipe.tables.at("schedule")),
                                                         make_prediction(recipe.tables.at("denoiser")),
                                                         {.clip = {}, .variance = options.variance}));
}

std::vector<std::filesystem::path> weak_weight_files(const Recipe& resolved, const std::filesystem::path& run) {
  const std::optional<Place> place = weak_place(resolved, run);
  if (!place) return {};
  const Recipe recipe = resolve(read_run_recipe(place->run));
  return weight_files(place->run, checkpoint_step(place->run, place->step),
                      settings_of<SampleSettings>(recipe, "sample"));
}

bool guides_by_own_step(const Recipe& resolved) { return uses_weak(resolved) && weak_step_of(resolved) > 0; }

void check_kept_steps(const Recipe& resolved, const std::vector<int64_t>& there) {
  const auto settings = settings_of<TrainSettings>(resolved, "train");
  settings.check();
  if (!guides_by_own_step(resolved)) return;
  refuse_two(resolved);
  const int64_t step = weak_step_of(resolved);
  if (!settings.keeps(step) || step > settings.steps)
    fail(Code::usage, kOwnStep, "the step", fmt::format("one of train.keep_steps, up to {}", settings.steps),
         fmt::format("{} of [{}]", step, fmt::join(settings.keep_steps, ", ")));
  if (!there.empty() && step <= there.back() && std::find(there.begin(), there.end(), step) == there.end())
    fail(Code::usage, kOwnStep, "a step before the run's last one", fmt::format("one of {}", fmt::join(there, ", ")),
         fmt::format("{}", step));
}

}  // namespace roulade
